import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { cells, limitOf, peaceOf, titleOf } from './matrix.ts'
import { play } from './play.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** The requests that lead to a step, each of them once. */
const before = {
  discovery: [],
  keys: ['/.well-known/openid-configuration'],
  'pushed-request': ['/.well-known/openid-configuration', '/jwks.json'],
  authorization: ['/.well-known/openid-configuration', '/jwks.json', '/par'],
  token: ['/.well-known/openid-configuration', '/jwks.json', '/par'],
} as const
const own = {
  discovery: '/.well-known/openid-configuration',
  keys: '/jwks.json',
  'pushed-request': '/par',
  authorization: '/authorize',
  token: '/token',
} as const

it.for(cells.map((cell) => [titleOf(cell), cell] as const))(
  '%s',
  { timeout: 30_000 },
  async ([, cell], { task }) => {
    const { step, fault, expected } = cell
    const limit = limitOf(cell)
    const { outcome, snapshot, paths } = await play(
      simulator,
      { summary: `${step}: ${fault}`, fault: { step, kind: fault } },
      { hangs: limit === null ? null : { at: step, for: limit } },
    )
    task.meta.outcome = outcome
    expect(outcome.split(' (')[0]).toBe(expected)
    expect(snapshot.retryInMs).toBe(peaceOf(cell))
    const once = paths.filter((path) => [own[step], ...before[step]].some((way) => way === path))
    expect(once.toSorted()).toEqual([...before[step], own[step]].toSorted())
    // What failed before the browser was opened never got to it.
    const early = step !== 'authorization' && step !== 'token' && expected !== 'signs in'
    expect(paths.some((path) => path.startsWith('/authorize'))).toBe(!early)
    expect(paths.includes('/token')).toBe(step === 'token' || expected === 'signs in')
  },
)

it('every limit of the person and of a request is in the matrix', () => {
  expect(new Set(cells.map(limitOf))).toEqual(new Set([null, 10_000, 15_000, 300_000]))
})
