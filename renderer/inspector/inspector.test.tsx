// @vitest-environment happy-dom
import { act, fireEvent } from '@testing-library/react'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../preload/contract.ts'
import type { Attempt, Inspection, Step } from '../../preload/inspection.ts'
import { loadInspector } from '../components/details.tsx'
import { failed, signedIn, signedOut } from '../../test/support/snapshots.ts'
import { renderApp } from '../fixtures.tsx'

beforeAll(loadInspector)

const step: Step = {
  id: 0,
  step: 'keys',
  startedAtMs: 0,
  durationMs: 12.3,
  source: 'a specification',
  request: null,
  response: null,
  checks: [],
  outcome: 'from-memory',
  error: null,
}
const attempt: Attempt = {
  attempt: 1,
  kind: 'login',
  reference: 'ABCDEF',
  startedAt: 0,
  result: 'done',
  steps: [
    step,
    {
      ...step,
      id: 1,
      step: 'push',
      outcome: 'refused',
      error: { code: 'E_PAR_REFUSED', reason: 'x' },
    },
  ],
}
const inspection: Inspection = {
  attempts: [attempt],
  tokens: {
    id: { header: '{"alg":"RS256"}', payload: '{"pid":"1"}' },
    access: null,
    userinfo: null,
  },
  changedClaims: { id: ['exp'], access: ['scope'], userinfo: null },
  provider: { metadata: [], keys: [], differences: [] },
  profile: [{ key: 'issuer', value: 'https://idporten.test' }],
}

/** Opens the inspector of a window, for which main has that to show. */
async function open(shown: Inspection, snapshot: Snapshot = signedIn) {
  const app = await renderApp(snapshot)
  app.bridge.inspect.mockResolvedValue(shown)
  await toggle()
  return app
}
async function toggle() {
  const fold = document.querySelector<HTMLDetailsElement>('.fold')
  await act(async () => {
    if (fold === null) throw new Error('there is no inspector')
    fold.open = !fold.open
    fold.dispatchEvent(new Event('toggle'))
  })
}
const find = (selector: string) => document.querySelector<HTMLElement>(selector)
const isHidden = (selector: string) => find(selector)?.hidden

async function type(text: string) {
  const field = find('[data-filter]')
  if (field === null) throw new Error('there is no filter')
  await act(async () => {
    fireEvent.change(field, { target: { value: text } })
  })
}

describe('the inspector', () => {
  it('asks main for nothing before it is opened, and anew with each snapshot while it is', async () => {
    const { bridge, push } = await renderApp(signedIn)
    expect(bridge.inspect).not.toHaveBeenCalled()
    await toggle()
    expect(bridge.inspect).toHaveBeenCalledTimes(1)
    await act(async () => push({ ...signedIn, revision: signedIn.revision + 1 }))
    expect(bridge.inspect).toHaveBeenCalledTimes(2)
    await toggle()
    await act(async () => push({ ...signedIn, revision: signedIn.revision + 2 }))
    expect(bridge.inspect).toHaveBeenCalledTimes(2)
  })

  it('has the claims and checks in the document also while it is closed', async () => {
    await renderApp(signedIn)
    expect(find('[data-token="id"][data-claim="exp"] [data-value]')).not.toBeNull()
    expect(find('[data-check]')).not.toBeNull()
  })

  it('finds steps, claims and checks by the words that people see, and by their names', async () => {
    await open(inspection)
    await type('nøkler')
    expect([isHidden('[data-step="keys"]'), isHidden('[data-step="push"]')]).toEqual([false, true])
    await type('avvist')
    expect([isHidden('[data-step="keys"]'), isHidden('[data-step="push"]')]).toEqual([true, false])
    await type('')
    expect([isHidden('[data-step="keys"]'), isHidden('[data-step="push"]')]).toEqual([false, false])
  })

  it('names an attempt by how it ended, not by a step that was refused on the way', async () => {
    const lost: Attempt = { ...attempt, attempt: 2, result: 'E_LOGIN_TIMEOUT' }
    await open({ ...inspection, attempts: [attempt, lost] })
    const [last, first] = document.querySelectorAll('[data-attempts] option')
    expect(last?.textContent).toContain('E_LOGIN_TIMEOUT')
    expect(first?.textContent).not.toContain('E_')
  })

  it('says nothing of the metadata where it does not know, and that they fit where they do', async () => {
    await open({ ...inspection, provider: { metadata: [], keys: [], differences: null } }, failed())
    expect(find('[data-differences]')).toBeNull()
  })

  it('says where the metadata are not what is expected', async () => {
    const differences = [{ member: 'a', expected: 'b', got: 'c' }]
    await open({ ...inspection, provider: { metadata: [], keys: [], differences } })
    expect(find('[data-differences="1"]')?.textContent).toContain('c')
  })

  it('lets go of what it was told while numbers were shown as soon as they are hidden', async () => {
    const revealed = { ...signedIn, session: { ...signedIn.session, pidRevealed: true } }
    const { bridge, push } = await open(inspection, revealed)
    expect(document.body.textContent).toContain('"pid"')
    bridge.inspect.mockResolvedValue(null)
    await act(async () => push({ ...signedIn, revision: revealed.revision + 1 }))
    expect(document.body.textContent).not.toContain('"pid"')
  })

  it('lets go of everything when it is closed', async () => {
    const { bridge } = await open(inspection)
    expect(find('[data-step]')).not.toBeNull()
    bridge.inspect.mockResolvedValue(null)
    await toggle()
    expect(find('[data-step]')).toBeNull()
  })

  it('marks the claims that have changed', async () => {
    await open(inspection)
    expect(find('[data-token="id"][data-claim="exp"] [data-changed]')).not.toBeNull()
    expect(find('[data-token="access"][data-claim="scope"] [data-changed]')).not.toBeNull()
    expect(document.querySelectorAll('[data-changed]')).toHaveLength(2)
  })

  it('is there when nobody is signed in and something was tried, and not before', async () => {
    await renderApp({ ...signedOut, attempt: 0 })
    expect(find('[data-action="show-details"]')).toBeNull()
    await renderApp({ ...signedOut, attempt: 1 })
    expect(find('[data-action="show-details"]')).not.toBeNull()
  })
})
