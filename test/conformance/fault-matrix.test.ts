import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import {
  type Cell,
  cells,
  actionAt,
  limitOf,
  mergeCells,
  type MatrixStep,
  backOffOf,
  timesOf,
  titleOf,
} from './matrix.ts'
import { play, type PlayOptions } from './play.ts'
import { thorough } from '../support/thorough.ts'

let simulator: Simulator
let withRefresh: Simulator
beforeAll(async () => {
  ;[simulator, withRefresh] = await Promise.all([
    startSimulator(),
    startSimulator({ refreshTokens: true }),
  ])
})
afterAll(() => Promise.all([simulator.close(), withRefresh.close()]))

/** The requests that lead to a step of a login, each of them once. */
const start = ['/.well-known/openid-configuration', '/jwks.json'] as const
const before: Readonly<Record<MatrixStep, readonly string[]>> = {
  discovery: [],
  keys: ['/.well-known/openid-configuration'],
  'pushed-request': start,
  authorization: [...start, '/par'],
  token: [...start, '/par'],
  userinfo: [...start, '/par', '/token'],
  refresh: [],
  api: [],
  revocation: [],
  'end-session': [],
}
const own = {
  discovery: '/.well-known/openid-configuration',
  keys: '/jwks.json',
  'pushed-request': '/par',
  authorization: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  refresh: '/token',
  api: '/api/echo',
  revocation: '/token/revoke',
  'end-session': '/logout',
} as const satisfies Record<MatrixStep, string>

/** The fault at its step alone: a login before a renewal goes well. */
function scenarioOf({ step, fault }: Cell): Scenario {
  const summary = `${step}: ${fault}`
  return step === 'refresh'
    ? { summary, fault: { step: 'token', grant: 'refresh_token', kind: fault } }
    : { summary, fault: { step, kind: fault } }
}

function optionsOf(cell: Cell): PlayOptions {
  const { step } = cell
  const limit = limitOf(cell)
  const at = step === 'refresh' ? 'token' : step
  const action = actionAt[step]
  return {
    hangs: limit === null ? null : { at, for: limit },
    ...(action !== null && { actions: [action] }),
    // Without the scope of an API there is nothing to revoke.
    ...(step === 'end-session' && { profile: { apis: [] } }),
  }
}

it.for((thorough ? cells : mergeCells).map((cell) => [titleOf(cell), cell] as const))(
  '%s',
  { timeout: 30_000 },
  async ([, cell], { task }) => {
    const { step, expected } = cell
    const of = actionAt[step] === null ? simulator : withRefresh
    const { outcome, snapshot, paths } = await play(of, scenarioOf(cell), optionsOf(cell))
    task.meta.outcome = outcome
    expect(outcome.split(' (')[0]).toBe(expected)
    const wanted = [...before[step], ...Array<string>(timesOf(cell)).fill(own[step])]
    const asked = paths.filter((path) => wanted.includes(path))
    expect(asked.toSorted()).toEqual(wanted.toSorted())
    if (actionAt[step] !== null) return

    expect(snapshot.retryInMs).toBe(backOffOf(cell))
    // What failed before the browser was opened never got to it.
    const goesOn = expected.startsWith('signs in')
    const early = step !== 'authorization' && step !== 'token' && !goesOn
    expect(paths.some((path) => path.startsWith('/authorize'))).toBe(!early)
    expect(paths.includes('/token')).toBe(step === 'token' || goesOn)
  },
)

it('every limit of the person and of a request is in the matrix', () => {
  expect(new Set(cells.map(limitOf))).toEqual(new Set([null, 10_000, 15_000, 60_000, 300_000]))
})
