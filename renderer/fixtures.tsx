import { act, cleanup, render } from '@testing-library/react'
import { vi } from 'vitest'
import type { ApiState, Bridge, Failure, Reply, Snapshot } from '../preload/contract.ts'
import { App } from './app.tsx'
import { connect } from './bridge.ts'

// happy-dom animates nothing, and a spinner asks what moves.
Object.assign(document, { getAnimations: () => [] })

export const signedOut: Snapshot = {
  revision: 1,
  status: 'signed-out',
  attempt: 0,
  renewing: null,
  language: 'nb',
  profile: {
    name: 'Test',
    issuer: 'https://test.idporten.no',
    clientId: 'client',
    scope: 'openid profile',
    acrValues: ['idporten-loa-substantial'],
  },
  waiting: null,
  session: null,
  providerLogout: null,
  error: null,
  canChooseProfile: false,
  retryInMs: null,
}

export const waiting: Snapshot = {
  ...signedOut,
  status: 'waiting-for-browser',
  attempt: 1,
  waiting: {
    remainingMs: 300_000,
    browserArrived: false,
    hint: null,
    requestRejected: false,
    pushRefused: null,
    linkReused: false,
  },
}

/** Nothing goes on at the provider after a sign-out. */
export const quietLogout = {
  revocation: 'none',
  browser: 'none',
  requestRejected: false,
  linkReused: false,
} as const

export const signedIn: Snapshot & { session: NonNullable<Snapshot['session']> } = {
  ...signedOut,
  status: 'signed-in',
  attempt: 1,
  session: {
    name: 'Ola Nordmann',
    pid: '479067•••••',
    pidRevealed: false,
    acr: 'idporten-loa-substantial',
    endsInMs: 1_800_000,
    accessTokenLeftMs: null,
    idToken: [
      { name: 'pid', value: '479067•••••', masked: true },
      { name: 'exp', value: '1746173341', masked: false },
      { name: 'surprise', value: '<script>alert(1)</script>', masked: false },
    ],
    accessToken: [{ name: 'scope', value: 'openid  profile', masked: false }],
    checks: [
      { rule: 'iss', source: 'OIDC Core', expected: 'a', got: 'a', result: 'pass' },
      { rule: 'azp', source: 'OIDC Core', expected: 'none', got: 'none', result: 'skipped' },
    ],
    userinfo: null,
    refusedScopes: [],
    renewal: 'refresh-token',
    remembered: 'off',
    apis: [],
    problem: null,
  },
}

export function failureOf(failure: Partial<Failure> = {}): Failure {
  return {
    code: 'E_ID_TOKEN_CLAIM',
    category: 'id-token',
    retryable: true,
    reference: '7F3K-92QD',
    detail: null,
    explanation: null,
    checks: [],
    ...failure,
  }
}

export function failed(failure: Partial<Failure> = {}): Snapshot {
  return { ...signedOut, attempt: 1, error: failureOf(failure) }
}

export function apiOf(api: Partial<ApiState> = {}): ApiState {
  return { name: 'tax', granted: true, running: false, answer: null, failure: null, ...api }
}

/** A main that takes every intent and changes nothing until it is told to. */
function fakeMain(first: Snapshot) {
  let listener: (snapshot: Snapshot) => void = () => undefined
  const reply: Reply = { ok: true, snapshot: first }
  const intent = () => vi.fn<(...args: unknown[]) => Promise<Reply>>(async () => reply)
  const bridge = {
    getSnapshot: intent(),
    signIn: intent(),
    cancel: intent(),
    reopenBrowser: intent(),
    copyLink: intent(),
    prolong: intent(),
    signOut: intent(),
    switchUser: intent(),
    renew: intent(),
    callApi: intent(),
    chooseProfile: intent(),
    copyContents: intent(),
    copyRequest: intent(),
    exportAttempt: intent(),
    inspect: vi.fn<Bridge['inspect']>(async () => null),
    revealPid: intent(),
    setLanguage: intent(),
    onSnapshot: (next) => {
      listener = next
      return () => undefined
    },
  } satisfies Bridge
  return { bridge, push: (snapshot: Snapshot) => listener(snapshot) }
}

/** Shows the window for a snapshot; `push` brings the next one. */
export async function renderApp(first: Snapshot) {
  // Of the test before. A hook here would be that of the first file alone where files share a process.
  cleanup()
  const { bridge, push } = fakeMain(first)
  const connection = connect(bridge)
  await act(async () => {
    render(<App connection={connection} />)
  })
  return {
    bridge,
    push: (snapshot: Snapshot) => act(() => push(snapshot)),
    action: (name: string) => document.querySelector<HTMLElement>(`[data-action="${name}"]`),
    press: (name: string) =>
      act(async () => document.querySelector<HTMLElement>(`[data-action="${name}"]`)?.click()),
  }
}

/** The verbatim value of a row. */
export function valueIn(row: string): string | null | undefined {
  return document.querySelector(`${row} [data-value]`)?.textContent
}
