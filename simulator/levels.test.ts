import { describe, expect, it } from 'vitest'
import { levelBelow, rankOf, requestedLevels } from './levels.ts'

describe('levels of assurance', () => {
  it('orders low, substantial and high, whoever gives them', () => {
    const inOrder = ['unknown', 'eidas-loa-low', 'idporten-loa-substantial', 'eidas-loa-high']
    expect(inOrder.map(rankOf)).toEqual([0, 1, 2, 3])
  })

  it('takes the lowest of several values as the minimum', () => {
    const { minimum } = requestedLevels('idporten-loa-high idporten-loa-substantial')
    expect(minimum).toBe('idporten-loa-substantial')
  })

  it('asks for substantial when no level or no known level is asked for', () => {
    expect(requestedLevels(undefined).minimum).toBe('idporten-loa-substantial')
    expect(requestedLevels('Level4').minimum).toBe('idporten-loa-substantial')
  })

  it('offers eIDAS levels only when nothing else is asked for', () => {
    expect(requestedLevels('eidas-loa-high').minimum).toBe('eidas-loa-high')
    expect(requestedLevels('eidas-loa-high idporten-loa-high').minimum).toBe('idporten-loa-high')
  })

  it('finds the level below, and none below low', () => {
    expect(levelBelow('idporten-loa-high')).toBe('idporten-loa-substantial')
    expect(levelBelow('eidas-loa-substantial')).toBe('eidas-loa-low')
    expect(levelBelow('idporten-loa-low')).toBe('idporten-loa-low')
  })
})
