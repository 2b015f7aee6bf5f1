// @vitest-environment happy-dom
import { act, cleanup, screen } from '@testing-library/react'
import { describe, expect, it, vi } from 'vitest'
import {
  errorCodes,
  errors,
  type Explanation,
  oauthErrors,
  type Snapshot,
  tlsProblems,
} from '../preload/contract.ts'
import { connect } from './bridge.ts'
import { indented } from './components/indented.ts'
import { firstViews } from './first-view.tsx'
import {
  apiOf,
  failed,
  failureOf,
  quietLogout,
  signedIn,
  signedOut,
  waiting,
} from '../test/support/snapshots.ts'
import { picturedStates } from '../test/support/pictured-states.ts'
import { renderApp, valueIn } from './fixtures.tsx'

const inSession = (changes: Partial<typeof signedIn.session>): Snapshot => ({
  ...signedIn,
  session: { ...signedIn.session, ...changes },
})

const busy = (status: Snapshot['status']): Snapshot => ({ ...signedOut, status, attempt: 1 })

function actions(): string[] {
  return [...document.querySelectorAll<HTMLElement>('[data-action]')].map(
    ({ dataset }) => dataset['action'] ?? '',
  )
}

describe('every state', () => {
  it.each([
    { snapshot: busy('restoring'), controls: [] },
    { snapshot: signedOut, controls: ['sign-in'] },
    { snapshot: failed(), controls: ['sign-in', 'show-details'] },
    { snapshot: busy('preparing'), controls: ['cancel'] },
    { snapshot: waiting, controls: ['prolong', 'reopen-browser', 'copy-link', 'cancel'] },
    { snapshot: busy('exchanging'), controls: ['cancel'] },
    {
      snapshot: signedIn,
      controls: ['reveal-pid', 'sign-out', 'renew', 'switch-user', 'show-details'],
    },
    {
      snapshot: { ...signedIn, renewing: 'refresh-token' as const },
      controls: ['cancel', 'reveal-pid', 'sign-out', 'renew', 'switch-user', 'show-details'],
    },
    {
      snapshot: { ...signedIn, renewing: 'browser' as const, waiting: waiting.waiting },
      controls: [
        'prolong',
        'reopen-browser',
        'copy-link',
        'cancel',
        'reveal-pid',
        'sign-out',
        'renew',
        'switch-user',
        'show-details',
      ],
    },
  ])(
    'shows $snapshot.status on the page, with its controls and one heading in focus',
    async ({ snapshot, controls }) => {
      await renderApp(snapshot)

      const shown = ['status', 'error', 'attempt', 'renewing'].map((name) =>
        document.documentElement.getAttribute(`data-${name}`),
      )
      const { status, error, attempt, renewing } = snapshot
      expect(shown).toStrictEqual([status, error?.code ?? '', String(attempt), renewing ?? ''])
      expect(actions()).toStrictEqual(controls)
      const headings = screen.getAllByRole('heading', { level: 1 })
      expect(headings).toHaveLength(1)
      expect(document.activeElement).toBe(headings[0])
    },
  )

  it('takes a later snapshot and ignores one that arrives late', async () => {
    const { push } = await renderApp({ ...signedOut, revision: 5 })
    push({ ...waiting, revision: 7 })
    push({ ...signedOut, revision: 6 })
    expect(document.documentElement.dataset['status']).toBe('waiting-for-browser')
  })
})

describe('signed out', () => {
  it('asks main to sign in', async () => {
    const { bridge, press } = await renderApp(signedOut)
    await press('sign-in')
    expect(bridge.signIn).toHaveBeenCalledOnce()
  })

  it('says so when main refuses, until something new comes', async () => {
    const { bridge, press, push } = await renderApp(signedOut)
    bridge.signIn.mockResolvedValueOnce({ ok: false, code: 'E_IPC_INVALID_ARGUMENTS' })
    await press('sign-in')
    expect(screen.getByRole('alert').textContent).toContain('E_IPC_INVALID_ARGUMENTS')
    push({ ...signedOut, revision: 2 })
    expect(screen.queryByRole('alert')).toBeNull()
  })
})

describe('a newer version', () => {
  const update = { version: '2.0.0', canRestart: true }
  const line = () => document.querySelector('[data-update]')

  it.each([
    ['signed-out', signedOut],
    ['signed-out, with an error', failed()],
    ['signed-in', signedIn],
  ])('is told while %s, in one line with a way to it', async (_, snapshot) => {
    const { bridge, press } = await renderApp({ ...snapshot, update })
    expect(line()?.getAttribute('data-update')).toBe('2.0.0')
    expect(line()?.textContent).toContain('Versjon 2.0.0 er klar.')
    await press('restart-to-update')
    expect(bridge.restartToUpdate).toHaveBeenCalledOnce()
  })

  it.each([
    ['restoring', busy('restoring')],
    ['preparing', busy('preparing')],
    ['waiting-for-browser', waiting],
    ['exchanging', busy('exchanging')],
  ])('is not told while %s, whatever main says', async (_, snapshot) => {
    const { action } = await renderApp({ ...snapshot, update })
    expect(line()).toBeNull()
    expect(action('restart-to-update')).toBeNull()
  })

  it('is not told when there is none', async () => {
    const { push } = await renderApp({ ...signedIn, update: null })
    expect(line()).toBeNull()
    push({ ...signedIn, revision: 2, update })
    expect(line()).not.toBeNull()
  })

  it('stays while something goes on, and cannot be restarted to then', async () => {
    const { action, push } = await renderApp({ ...signedIn, update })
    const shown = line()
    push({ ...signedIn, revision: 2, update: { ...update, canRestart: false } })
    expect(line()).toBe(shown)
    expect(action('restart-to-update')?.hasAttribute('disabled')).toBe(true)
  })

  it('costs a login that is not remembered, and the line says so', async () => {
    const { push } = await renderApp({ ...signedIn, update })
    expect(line()?.textContent).toContain('må du logge inn igjen')
    push({ ...inSession({ remembered: 'kept' }), revision: 2, update })
    expect(line()?.textContent).not.toContain('må du logge inn igjen')
  })
})

describe('failed', () => {
  it.each(errorCodes)('%s: what happened, what to do, the code and the reference', async (code) => {
    await renderApp(failed({ code, ...errors[code] }))
    expect(screen.getByRole('alert').querySelectorAll('h2, p')).toHaveLength(3)
    expect(document.body.textContent).toContain(code)
    expect(document.body.textContent).toContain('7F3K-92QD')
  })

  it('names the key and the reason of a wrong profile, and cannot sign in', async () => {
    const { action } = await renderApp({
      ...failed({
        code: 'E_PROFILE_INVALID',
        ...errors.E_PROFILE_INVALID,
        detail: { key: 'clientId', reason: '<b>missing</b>' },
      }),
      profile: null,
    })
    expect(document.body.textContent).toContain('clientId')
    expect(document.body.textContent).toContain('<b>missing</b>')
    expect(action('sign-in')?.hasAttribute('disabled')).toBe(true)
  })

  it('shows the checks that came that far', async () => {
    await renderApp(
      failed({
        checks: [
          { rule: 'acr', source: 'Digdir', expected: 'high', got: 'low', result: 'fail' },
          { rule: 'new-rule', source: '', expected: '', got: '', result: 'pass' },
        ],
      }),
    )
    const row = document.querySelector('[data-check="acr"][data-result="fail"]')
    expect(row?.querySelector('[data-value="got"]')?.textContent).toBe('low')
    expect(document.querySelector('[data-check="new-rule"]')).not.toBeNull()
  })
})

describe('explained', () => {
  const shown = () => document.querySelector('[role="alert"] [data-explanation]')
  const oauth = (error: (typeof oauthErrors)[number]): Explanation => ({ kind: 'oauth', error })
  const tls = (problem: (typeof tlsProblems)[number]): Explanation => ({ kind: 'tls', problem })
  const clock = (direction: 'ahead' | 'behind', seconds: number): Explanation => ({
    kind: 'clock',
    direction,
    seconds,
  })
  const kinds: readonly { name: string; explanation: Explanation; said: Record<string, RegExp> }[] =
    [
      {
        name: 'oauth:invalid_scope',
        explanation: oauth('invalid_scope'),
        said: {
          nb: /registrert for\./,
          nn: /bad om ein type/,
          en: /kind of information/,
          se: /ba om/,
        },
      },
      {
        name: 'tls:wrong-host',
        explanation: tls('wrong-host'),
        said: { nb: /annen adresse/, nn: /anna adresse/, en: /another address/, se: /annen/ },
      },
      {
        name: 'captive-portal',
        explanation: { kind: 'captive-portal' },
        said: { nb: /på hotell, tog/, nn: /Opne ei nettside/, en: /hotels/, se: /Åpne en/ },
      },
      {
        name: 'clock:ahead',
        explanation: clock('ahead', 420),
        said: {
          nb: /går 7 minutter for fort/,
          nn: /går 7 minutt for fort/,
          en: /is 7 minutes fast/,
          se: /går 7 minutter for fort/,
        },
      },
      {
        name: 'clock:behind',
        explanation: clock('behind', 3 * 86_400),
        said: {
          nb: /går 3 dager for sent/,
          nn: /går 3 dagar for seint/,
          en: /is 3 days slow/,
          se: /går 3 dager for sent/,
        },
      },
    ]

  it.each(
    kinds.flatMap(({ name, explanation, said }) =>
      (['nb', 'nn', 'en', 'se'] as const).map((language) => ({
        name,
        explanation,
        language,
        text: said[language],
      })),
    ),
  )(
    '$name is said in $language, between what happened and what to do',
    async ({ name, explanation, language, text }) => {
      await renderApp({ ...failed({ explanation }), language })
      expect(shown()?.getAttribute('data-explanation')).toBe(name)
      expect(shown()?.textContent).toMatch(text ?? /^$/)
      expect(shown()?.nextElementSibling?.nextElementSibling).toBeNull()
      // Northern Sami has no words for these: the whole view is in bokmål.
      expect(document.documentElement.lang).toBe(language === 'se' ? 'nb' : language)
      expect(inAnotherLanguage()).toEqual([])
    },
  )

  it.each([
    ...oauthErrors.map((error) => ({ name: `oauth:${error}`, explanation: oauth(error) })),
    ...tlsProblems.map((problem) => ({ name: `tls:${problem}`, explanation: tls(problem) })),
  ])('$name has words', async ({ name, explanation }) => {
    await renderApp(failed({ explanation }))
    expect(shown()?.getAttribute('data-explanation')).toBe(name)
    expect(shown()?.textContent).toMatch(/\.$/)
  })

  it.each([
    [0, '0 sekunder'],
    [1, '1 sekund'],
    [119, '119 sekunder'],
    [120, '2 minutter'],
    [449, '7 minutter'],
    [450, '8 minutter'],
    [7169, '119 minutter'],
    [7170, '2 timer'],
    [47.4 * 3600, '47 timer'],
    [47.5 * 3600, '2 dager'],
    [20_000 * 86_400, '20\u00A0000 dager'],
  ])('%i seconds are %s', async (seconds, words) => {
    await renderApp(failed({ explanation: clock('behind', seconds) }))
    expect(shown()?.textContent).toContain(`går ${words} for sent`)
  })

  it('leaves out what the cause makes superfluous', async () => {
    const alert = () => screen.getByRole('alert').textContent
    const { push } = await renderApp(
      failed({ ...errors.E_NETWORK_TLS, code: 'E_NETWORK_TLS', explanation: tls('expired') }),
    )
    expect(alert()).not.toContain('Appen kunne ikke bekrefte')
    expect(alert()).toContain('Hvis det skjer igjen')
    const skew = failed({
      ...errors.E_CLOCK_SKEW,
      code: 'E_CLOCK_SKEW',
      explanation: clock('ahead', 600),
    })
    push({ ...skew, revision: 2 })
    expect(alert()).not.toContain('viser ulik tid')
    expect(alert()).toContain('Still klokka')
  })

  it('does not ask to try again where only the setup can help, unless a new login may', async () => {
    const explanation = oauth('unauthorized_client')
    const alert = () => screen.getByRole('alert').textContent
    const { push } = await renderApp(failed({ explanation }))
    expect(alert()).toContain('Prøv igjen når feilen er rettet')
    push({ ...failed({ explanation: oauth('server_error') }), revision: 2 })
    expect(alert()).toContain('Prøv igjen om litt')
    const renewal = { ...errors.E_RENEWAL_REFUSED, code: 'E_RENEWAL_REFUSED' as const }
    push({ ...failed({ ...renewal, explanation }), revision: 3 })
    expect(alert()).toContain('Logg inn på nytt i nettleseren')
  })

  it('has hostile words beside it as text', async () => {
    const reason = '<img src=x onerror=alert(1)>&$t(app.name){{time}}'
    await renderApp(
      failed({ detail: { key: 'error', reason }, explanation: oauth('invalid_scope') }),
    )
    expect(screen.getByText(reason)).toBeDefined()
    expect(document.querySelector('main img')).toBeNull()
    expect(shown()?.textContent).not.toContain('onerror')
  })
})

describe('asked to wait', () => {
  const status = () =>
    [...document.querySelectorAll('.actions [role="status"]')].map((place) => place.textContent)
  const off = (action: HTMLElement | null) => action?.hasAttribute('disabled')

  it('cannot sign in, counts down, and tells once when it can', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    try {
      const first = { ...failed(), retryInMs: 65_000 }
      const { action, push } = await renderApp(first)
      const timer = () => screen.queryByRole('timer')
      expect(off(action('sign-in'))).toBe(true)
      expect(timer()?.textContent).toContain('Du kan prøve igjen om 1:05.')
      expect(timer()?.getAttribute('aria-live')).toBe('off')
      expect(action('sign-in')?.getAttribute('aria-describedby')).toBe(timer()?.id)

      const changes: string[] = []
      const watcher = new MutationObserver((records) =>
        changes.push(...records.map(({ type }) => type)),
      )
      const place = document.querySelector('.actions [role="status"]')
      if (place) watcher.observe(place, { childList: true, characterData: true, subtree: true })
      act(() => {
        vi.advanceTimersByTime(70_000)
      })
      expect(timer()?.textContent).toContain('0:00')
      expect(off(action('sign-in'))).toBe(true)
      await Promise.resolve()
      expect([changes, status()]).toStrictEqual([[], ['']])

      push({ ...first, revision: 2, retryInMs: null })
      expect(off(action('sign-in'))).toBe(false)
      expect(action('sign-in')?.hasAttribute('aria-describedby')).toBe(false)
      expect(timer()).toBeNull()
      expect(status()).toStrictEqual(['Nå kan du prøve igjen.'])
      push({ ...first, revision: 3, retryInMs: null })
      act(() => {
        vi.advanceTimersByTime(5000)
      })
      await Promise.resolve()
      expect(document.querySelector('.actions [role="status"]')).toBe(place)
      expect(changes).toStrictEqual(['childList'])
      watcher.disconnect()
    } finally {
      vi.useRealTimers()
    }
  })

  it('waits without a failure too, and says nothing where nobody waited', async () => {
    const { action, push } = await renderApp({ ...signedOut, retryInMs: 1000 })
    expect(off(action('sign-in'))).toBe(true)
    push({ ...failed(), revision: 2 })
    expect(off(action('sign-in'))).toBe(false)
    expect(status()).toStrictEqual([''])
  })
})

describe('waiting', () => {
  it('counts down from the moment the snapshot came, and warns near the end', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    try {
      await renderApp(waiting)
      const tick = (milliseconds: number) =>
        act(() => {
          vi.advanceTimersByTime(milliseconds)
        })
      const timer = () => screen.getByRole('timer').textContent
      expect(timer()).toBe('5:00')
      expect(screen.queryByText(/mindre enn to minutter/)).toBeNull()
      tick(181_000)
      expect(timer()).toBe('1:59')
      expect(screen.getByText(/mindre enn to minutter/).closest('[role="status"]')).not.toBeNull()
      tick(600_000)
      expect(timer()).toBe('0:00')
    } finally {
      vi.useRealTimers()
    }
  })

  it('says when the browser came, what may be wrong with it, and that a request was rejected', async () => {
    const { push } = await renderApp(waiting)
    const now = {
      remainingMs: 1000,
      browserArrived: true,
      hint: null,
      requestRejected: false,
      pushRefused: null,
      linkReused: false,
    }
    push({ ...waiting, revision: 2, waiting: now })
    expect(screen.getByText('Nettleseren er åpnet.')).toBeDefined()
    const said = () =>
      document.querySelector('[data-hint]')?.closest('[role="status"]')?.textContent
    push({ ...waiting, revision: 3, waiting: { ...now, hint: 'browser-failed' } })
    expect(said()).toContain('Nettleseren åpnet seg ikke')
    push({ ...waiting, revision: 4, waiting: { ...now, hint: 'browser-missing' } })
    expect(said()).toContain('Ser du ikke nettleseren?')
    push({ ...waiting, revision: 5, waiting: { ...now, hint: 'not-returned' } })
    expect(said()).toContain('Er du ferdig i nettleseren?')
    expect(screen.queryByText(/Noe annet enn nettleseren/)).toBeNull()
    push({ ...waiting, revision: 6, waiting: { ...now, requestRejected: true, linkReused: false } })
    expect(screen.getByText(/Noe annet enn nettleseren/)).toBeDefined()
    expect(document.querySelector('[data-hint]')).toBeNull()
    expect(document.querySelector('[data-link-reused]')).toBeNull()
    push({ ...waiting, revision: 7, waiting: { ...now, linkReused: true } })
    expect(document.querySelector('[data-link-reused]')?.textContent).toMatch(
      /Hvis det ikke var du/,
    )
  })

  it('tells politely what the provider said to a push that it refused', async () => {
    const { push } = await renderApp(waiting)
    const notice = () => document.querySelector('[data-push-refused]')
    expect(notice()).toBeNull()
    const told = (pushRefused: NonNullable<Snapshot['waiting']>['pushRefused'], revision: number) =>
      push({
        ...waiting,
        revision,
        waiting: {
          remainingMs: 1000,
          browserArrived: false,
          hint: null,
          requestRejected: false,
          linkReused: false,
          pushRefused,
        },
      })
    told(
      {
        reason: 'invalid_client: no such app',
        explanation: { kind: 'oauth', error: 'invalid_client' },
      },
      2,
    )
    expect(notice()?.closest('[role="status"]')?.textContent).toContain('ID-porten tok ikke imot')
    expect(notice()?.querySelector('[data-explanation="oauth:invalid_client"]')).not.toBeNull()
    // English is folded away until somebody asks for what support wants to know.
    expect(notice()?.querySelector('.for-support:not([open]) span[lang="en"]')?.textContent).toBe(
      'invalid_client: no such app',
    )
    told({ reason: 'HTTP 404', explanation: null }, 3)
    expect(notice()?.textContent).toContain('HTTP 404')
    expect(notice()?.querySelector('[data-explanation]')).toBeNull()
  })

  it('tells politely that the link is copied', async () => {
    const { press } = await renderApp(waiting)
    await press('copy-link')
    expect(screen.getByText(/Lenken er kopiert/).closest('[role="status"]')).not.toBeNull()
  })
})

describe('signed in', () => {
  it('has claims and checks in the document while they are folded, to the letter', async () => {
    await renderApp(signedIn)
    expect(document.querySelector('details')?.open).toBe(false)
    expect(valueIn('[data-token="id"][data-claim="exp"]')).toBe('1746173341')
    expect(valueIn('[data-token="access"][data-claim="scope"]')).toBe('openid  profile')
    expect(valueIn('[data-claim="surprise"]')).toBe('<script>alert(1)</script>')
    expect(document.querySelector('[data-claim] script')).toBeNull()
    expect(document.querySelector('[data-check="iss"][data-result="pass"]')).not.toBeNull()
    expect(document.querySelector('[data-check="azp"][data-result="skipped"]')).not.toBeNull()
  })

  it('masks the number, words it for a screen reader, and shows it when asked', async () => {
    const { session } = signedIn
    const { bridge, press, push, action } = await renderApp(signedIn)
    expect(valueIn('[data-claim="pid"]')).toBe('479067•••••')
    expect(screen.getAllByText('Starter med 4 7 9 0 6 7, resten er skjult')).toHaveLength(2)
    expect(action('reveal-pid')?.getAttribute('aria-pressed')).toBe('false')

    await press('reveal-pid')
    expect(bridge.revealPid).toHaveBeenCalledExactlyOnceWith(true)
    const idToken = [{ name: 'pid', value: '47906701517', masked: false }]
    push({
      ...signedIn,
      revision: 2,
      session: { ...session, pid: '47906701517', pidRevealed: true, idToken },
    })
    expect(valueIn('[data-claim="pid"]')).toBe('47906701517')
    expect(action('reveal-pid')?.getAttribute('aria-pressed')).toBe('true')
  })

  it('shows the number for a person without a name, and an unknown level as it is', async () => {
    const { session } = signedIn
    await renderApp({ ...signedIn, session: { ...session, name: null, acr: 'loa-new' } })
    expect(document.querySelector('.who [data-value]')?.textContent).toBe('479067•••••')
    expect(screen.getByText('loa-new')).toBeDefined()
  })

  it('says that the access token is opaque, or no longer valid', async () => {
    await renderApp(inSession({ accessToken: null, accessTokenLeftMs: 0 }))
    expect(screen.getByText('Utløpt')).toBeDefined()
    expect(screen.getByText(/ikke noe innhold/)).toBeDefined()
  })

  it('has what userinfo added among the details', async () => {
    const { push } = await renderApp(signedIn)
    expect(screen.queryByText(/userinfo/)).toBeNull()
    const userinfo = [{ name: 'email', value: 'ola@example.no', masked: false }]
    push({ ...inSession({ userinfo }), revision: 2 })
    expect(valueIn('details [data-token="userinfo"][data-claim="email"]')).toBe('ola@example.no')
  })

  it('names the scopes that were refused', async () => {
    const { push } = await renderApp(inSession({ refusedScopes: ['krr:read', '<b>x'] }))
    const told = document.querySelector('[data-refused-scopes]')
    expect(told?.getAttribute('data-refused-scopes')).toBe('krr:read <b>x')
    expect(told?.textContent).toContain('Dette mangler: krr:read, <b>x.')
    push({ ...signedIn, revision: 2 })
    expect(document.querySelector('[data-refused-scopes]')).toBeNull()
  })

  it('says whether the login is remembered', async () => {
    const remembered = () => document.querySelector('[data-remembered]')
    const { push } = await renderApp(inSession({ remembered: 'kept' }))
    expect(remembered()?.textContent).toBe('Appen husker innloggingen til du logger ut.')
    push({ ...signedIn, revision: 2 })
    expect(remembered()).toBeNull()
    const without = { remembered: 'unavailable' } as const
    push({ ...inSession(without), revision: 3 })
    expect(remembered()?.textContent).toContain('ikke noe trygt sted')
    expect(screen.queryByRole('alert')).toBeNull()
    const problem = failureOf({ ...errors.E_VAULT_UNAVAILABLE, code: 'E_VAULT_UNAVAILABLE' })
    push({ ...inSession({ ...without, problem }), revision: 4 })
    expect(screen.getAllByText(/ikke noe trygt sted/)).toHaveLength(1)
    expect(screen.queryByRole('alert')).toBeNull()
    expect(document.querySelectorAll('[data-problem="E_VAULT_UNAVAILABLE"]')).toHaveLength(1)
  })

  it('tells a problem beside the session as an alert, with its code', async () => {
    const { push } = await renderApp(signedIn)
    const problem = failureOf({ ...errors.E_NETWORK_TIMEOUT, code: 'E_NETWORK_TIMEOUT' })
    push({ ...inSession({ problem }), revision: 2 })
    const alert = screen.getByRole('alert')
    expect(alert.getAttribute('data-problem')).toBe('E_NETWORK_TIMEOUT')
    expect(alert.textContent).toContain('ID-porten svarte ikke i tide')
    expect(alert.textContent).toContain('E_NETWORK_TIMEOUT')
    expect(document.documentElement.dataset['error']).toBe('')
    push({ ...inSession({ problem: { ...problem, reference: '' } }), revision: 3 })
    expect(screen.getByRole('alert').textContent).not.toContain('Referanse:')
  })

  it('switches the person, and signs out', async () => {
    const { bridge, press } = await renderApp(signedIn)
    await press('switch-user')
    expect(bridge.switchUser).toHaveBeenCalledOnce()
    await press('sign-out')
    expect(bridge.signOut).toHaveBeenCalledOnce()
  })
})

describe('the time of a session', () => {
  const left = (of: string) => document.querySelector(`[data-time-left="${of}"]`)?.textContent

  it('is counted by the clock that nobody can set, and anew with each snapshot', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'Date'] })
    try {
      const { push } = await renderApp(
        inSession({ endsInMs: 1_800_000, accessTokenLeftMs: 120_000 }),
      )
      expect(left('session')).toBe('Avsluttes av seg selv om 30:00 uten aktivitet')
      expect(left('access-token')).toBe('Gyldig i 2:00')

      vi.setSystemTime(Date.now() + 86_400_000)
      act(() => {
        vi.advanceTimersByTime(61_000)
      })
      expect(left('session')).toContain('28:59')
      expect(left('access-token')).toContain('0:59')
      act(() => {
        vi.advanceTimersByTime(60_000)
      })
      expect(left('access-token')).toBe('Utløpt')
      for (const timer of screen.getAllByRole('timer')) {
        expect(timer.getAttribute('aria-live')).toBe('off')
      }

      // What a computer that slept for a while hears from main when it wakes.
      push({ ...inSession({ endsInMs: 0, accessTokenLeftMs: null }), revision: 2 })
      expect(left('session')).toBe('Tiden er ute')
      expect(left('access-token')).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
  })

  it('is told politely in time to go on', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    try {
      await renderApp(inSession({ endsInMs: 121_000 }))
      const warning = () => screen.queryByText(/mindre enn to minutter/)
      expect(warning()).toBeNull()
      act(() => {
        vi.advanceTimersByTime(2000)
      })
      expect(warning()?.closest('[role="status"] [data-ends-soon]')).not.toBeNull()
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('renewing', () => {
  const off = (action: HTMLElement | null) => action?.hasAttribute('disabled')

  it('is asked of main, once', async () => {
    const { bridge, press, push, action } = await renderApp(signedIn)
    expect(action('renew')?.textContent).toBe('Forny tilgangen')
    expect(action('renew')?.hasAttribute('aria-describedby')).toBe(false)
    await press('renew')
    expect(bridge.renew).toHaveBeenCalledOnce()
    push({ ...signedIn, revision: 2, renewing: 'refresh-token' })
    expect(off(action('renew'))).toBe(true)
    expect(document.documentElement.dataset['renewing']).toBe('refresh-token')
    expect(screen.getByText(/Appen fornyer tilgangen/).closest('[role="status"]')).not.toBeNull()
    await press('cancel')
    expect(bridge.cancel).toHaveBeenCalledOnce()
    push({ ...signedIn, revision: 3 })
    expect(off(action('renew'))).toBe(false)
    expect(document.documentElement.dataset['renewing']).toBe('')
  })

  it('says that the browser opens, where it does', async () => {
    const { action } = await renderApp(inSession({ renewal: 'browser' }))
    const note = document.getElementById(action('renew')?.getAttribute('aria-describedby') ?? '')
    expect(note?.textContent).toContain('Nettleseren åpner seg')
  })

  it('helps as a login does when the browser is lost', async () => {
    const state = {
      remainingMs: 300_000,
      browserArrived: false,
      requestRejected: true,
      pushRefused: null,
      linkReused: false,
    }
    const { bridge, press, push } = await renderApp({
      ...signedIn,
      renewing: 'browser',
      waiting: { ...state, hint: null },
    })
    const told = () => screen.queryByText(/Fortsett i nettleseren for å fornye/)
    expect(told()).not.toBeNull()
    expect(document.querySelector('[data-request-rejected]')).not.toBeNull()
    expect(document.querySelector('[data-hint]')).toBeNull()
    push({
      ...signedIn,
      revision: 2,
      renewing: 'browser',
      waiting: { ...state, hint: 'browser-missing' },
    })
    const hint = document.querySelector('[data-hint="browser-missing"]')
    expect(hint?.closest('[role="status"]')?.textContent).toContain('Ser du ikke nettleseren?')
    for (const name of ['reopen-browser', 'copy-link', 'prolong']) await press(name)
    expect(bridge.reopenBrowser).toHaveBeenCalledOnce()
    expect(bridge.copyLink).toHaveBeenCalledOnce()
    expect(bridge.prolong).toHaveBeenCalledOnce()
    expect(screen.getByText(/Lenken er kopiert/).closest('[role="status"]')).not.toBeNull()
    // The browser has been and gone: nothing is left to do there.
    push({ ...signedIn, revision: 3, renewing: 'browser' })
    expect(told()).toBeNull()
    expect(screen.getByText(/Appen fornyer tilgangen/)).toBeDefined()
  })

  it('gives the focus back to its button when the button is on again', async () => {
    const { action, push } = await renderApp(signedIn)
    action('renew')?.focus()
    push({ ...signedIn, revision: 2, renewing: 'refresh-token' })
    // A browser takes the focus from what goes off; this one has to be told.
    action('renew')?.blur()
    push({ ...signedIn, revision: 3 })
    expect(document.activeElement).toBe(action('renew'))
    push({ ...signedIn, revision: 4, renewing: 'refresh-token' })
    action('sign-out')?.focus()
    push({ ...signedIn, revision: 5 })
    expect(document.activeElement).toBe(action('sign-out'))
  })
})

describe('the APIs', () => {
  const button = (name: string) =>
    document.querySelector<HTMLButtonElement>(`[data-action="call-api"][data-api="${name}"]`)
  const result = (name: string) => document.querySelector(`[data-api-result="${name}"]`)
  const answer = { httpStatus: 200, tookMs: 131.6, body: '{"a":[1,{}]}', masked: false }

  it('are not there when the profile has none', async () => {
    await renderApp(signedIn)
    expect(screen.queryByText('Andre tjenester')).toBeNull()
  })

  it('are called by their place, and each is named', async () => {
    const apis = [apiOf({ name: 'first' }), apiOf({ name: 'second' })]
    const { bridge } = await renderApp(inSession({ apis }))
    await act(async () => button('second')?.click())
    expect(bridge.callApi).toHaveBeenCalledExactlyOnceWith(1)
    expect(screen.getByRole('button', { name: 'Hent svar first' })).toBe(button('first'))
  })

  it('are off without access, which is said', async () => {
    await renderApp(inSession({ apis: [apiOf({ granted: false })] }))
    expect(button('tax')?.disabled).toBe(true)
    const why = document.getElementById(button('tax')?.getAttribute('aria-describedby') ?? '')
    expect(why?.textContent).toContain('ga ikke appen tilgang til dette')
  })

  it('show the answer to the letter, its status and its time, and nothing old meanwhile', async () => {
    const { push } = await renderApp(inSession({ apis: [apiOf({ answer })] }))
    expect(result('tax')?.getAttribute('data-http-status')).toBe('200')
    expect(result('tax')?.textContent).toBe('{\n  "a": [\n    1,\n    {}\n  ]\n}')
    expect(valueIn('[data-api-result="tax"]')).toBe(result('tax')?.textContent)
    expect(result('tax')?.getAttribute('tabindex')).toBe('0')
    expect(screen.getByRole('region', { name: 'Svaret fra tax' })).toBe(result('tax'))
    const said = screen.getByText(/HTTP-status 200 og kom etter 132 ms/)
    expect(said.closest('[role="status"]')).not.toBeNull()

    push({ ...inSession({ apis: [apiOf({ answer, running: true })] }), revision: 2 })
    expect(button('tax')?.disabled).toBe(true)
    expect(result('tax')).toBeNull()
    expect(screen.getByText('Venter på svar.').closest('[role="status"]')).not.toBeNull()
  })

  it('show hostile answers as text, and say when there is none or numbers are hidden', async () => {
    const body = '<img src=x onerror=alert(1)>{{time}}$t(app.name)'
    const { push } = await renderApp(inSession({ apis: [apiOf({ answer: { ...answer, body } })] }))
    expect(result('tax')?.textContent).toBe(body)
    expect(document.querySelector('main img')).toBeNull()

    const empty = { ...answer, httpStatus: 204, body: '' }
    push({ ...inSession({ apis: [apiOf({ answer: empty })] }), revision: 2 })
    expect(result('tax')?.getAttribute('data-http-status')).toBe('204')
    expect(result('tax')?.hasAttribute('hidden')).toBe(true)
    expect(screen.getByText(/ikke noe innhold\./)).toBeDefined()

    const forbidden = { ...answer, httpStatus: 403 }
    push({ ...inSession({ apis: [apiOf({ answer: forbidden })] }), revision: 4 })
    expect(screen.getByText(/Tjenesten svarte med en feil.*403/)).toBeDefined()

    const masked = { ...answer, body: '"479067•••••"', masked: true }
    push({ ...inSession({ apis: [apiOf({ answer: masked })] }), revision: 5 })
    expect(screen.getByText(/Personnummer i svaret er skjult/)).toBeDefined()
  })

  it('can show hidden numbers also to a person who has none', async () => {
    const apis = [apiOf({ answer: { ...answer, masked: true } })]
    const idToken = [{ name: 'sub', value: 'x', masked: false }]
    const { bridge, press, push, action } = await renderApp(inSession({ pid: null, idToken, apis }))
    await press('reveal-pid')
    expect(bridge.revealPid).toHaveBeenCalledExactlyOnceWith(true)
    push({ ...inSession({ pid: null, pidRevealed: true, idToken }), revision: 2 })
    expect(action('reveal-pid')?.getAttribute('aria-pressed')).toBe('true')
    push({ ...inSession({ pid: null, idToken }), revision: 3 })
    expect(action('reveal-pid')).toBeNull()
  })

  it('tell a failure with the words of its code, about the service and not about ID-porten', async () => {
    const failure = failureOf({ ...errors.E_API_RESPONSE, code: 'E_API_RESPONSE' })
    const { push } = await renderApp(inSession({ apis: [apiOf({ failure })] }))
    const alert = screen.getByRole('alert')
    expect(alert.getAttribute('data-api-failure')).toBe('tax')
    expect(alert.getAttribute('data-code')).toBe('E_API_RESPONSE')
    expect(alert.textContent).toContain('Tjenesten svarte ikke som ventet')
    expect(alert.textContent).toContain('7F3K-92QD')
    let revision = 2
    for (const code of errorCodes.filter((name) => errors[name].category === 'network')) {
      const onTheWay = failureOf({ ...errors[code], code })
      push({ ...inSession({ apis: [apiOf({ failure: onTheWay })] }), revision })
      expect(screen.getByRole('alert').textContent).not.toContain('ID-porten')
      revision += 1
    }
    for (const problem of tlsProblems) {
      const explained = failureOf({
        ...errors.E_NETWORK_TLS,
        code: 'E_NETWORK_TLS',
        explanation: { kind: 'tls', problem },
      })
      push({ ...inSession({ apis: [apiOf({ failure: explained })] }), revision })
      expect(screen.getByRole('alert').textContent).not.toContain('ID-porten')
      revision += 1
    }
    push({ ...inSession({ apis: [apiOf({ failure, running: true })] }), revision })
    expect(screen.queryByRole('alert')).toBeNull()
  })

  it('say that only a new login helps, and nothing else', async () => {
    const failure = failureOf({
      ...errors.E_API_RESPONSE,
      code: 'E_API_RESPONSE',
      explanation: { kind: 'oauth', error: 'insufficient_user_authentication' },
    })
    await renderApp(inSession({ apis: [apiOf({ failure })] }))
    expect(screen.getByRole('alert').textContent).toContain('Da må du logge inn på nytt')
    expect(screen.getByRole('alert').textContent).not.toContain('Prøv igjen')
  })
})

describe('JSON', () => {
  it.each([
    ['{}', '{}'],
    ['[]', '[]'],
    ['{ "a" : { } , "b":[ ] }', '{\n  "a": {},\n  "b": []\n}'],
    ['[1,\n[2,[]]]', '[\n  1,\n  [\n    2,\n    []\n  ]\n]'],
    ['"a: {b, [c]} \\" \\\\"', '"a: {b, [c]} \\" \\\\"'],
    ['12345678901234567890', '12345678901234567890'],
    ['{"a":1.0,"a":1e400}', '{\n  "a": 1.0,\n  "a": 1e400\n}'],
    ['', ''],
    ['{"a":', '{"a":'],
    ['not  json', 'not  json'],
  ])('%s gets lines, and keeps every token', (text, lines) => {
    expect(indented(text)).toBe(lines)
  })

  it('of a hostile depth does not fill the memory', () => {
    const deep = '['.repeat(5000) + ']'.repeat(5000)
    expect(indented(deep).replaceAll(/\s/g, '')).toBe(deep)
    expect(indented(deep).length).toBeLessThan(10_000 * 70)
  })
})

describe('after a sign-out', () => {
  const told = () => document.querySelector('[role="status"][data-logout-revocation]')

  it.each([
    { revocation: 'running', browser: 'running', text: /ber ID-porten om å trekke tilbake/ },
    { revocation: 'done', browser: 'opened', text: /Nettleseren er åpnet for å logge deg ut/ },
    { revocation: 'failed', browser: 'done', text: /slutter å gjelde av seg selv/ },
    { revocation: 'none', browser: 'failed', text: /Lukk alle vinduene/ },
    { revocation: 'none', browser: 'none', text: /^$/ },
  ] as const)(
    'tells of revocation $revocation and browser $browser, and can sign in meanwhile',
    async ({ revocation, browser, text }) => {
      const { action, bridge, press, push } = await renderApp({ ...signedOut, attempt: 1 })
      const place = document.querySelector('h1 ~ [role="status"]')
      push({
        ...signedOut,
        attempt: 1,
        revision: 2,
        providerLogout: { ...quietLogout, revocation, browser },
      })
      expect(told()).toBe(place)
      expect(told()?.getAttribute('data-logout-revocation')).toBe(revocation)
      expect(told()?.getAttribute('data-logout-browser')).toBe(browser)
      expect(told()?.textContent).toMatch(text)
      expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Du er logget ut av appen')
      expect(action('sign-in')?.hasAttribute('disabled')).toBe(false)
      await press('sign-in')
      expect(bridge.signIn).toHaveBeenCalledOnce()
      push({ ...signedOut, attempt: 1, revision: 3 })
      expect(told()).toBeNull()
    },
  )

  it.each([
    ['requestRejected', '[data-request-rejected]', /Noe annet enn nettleseren din/],
    ['linkReused', '[data-link-reused]', /Hvis det ikke var du/],
  ] as const)('tells of %s, and of nothing when there was nothing', async (what, place, text) => {
    const { push } = await renderApp({ ...signedOut, providerLogout: quietLogout })
    expect(document.querySelector(place)).toBeNull()
    push({ ...signedOut, revision: 2, providerLogout: { ...quietLogout, [what]: true } })
    expect(told()?.querySelector(place)?.textContent).toMatch(text)
  })

  it('tells also when an error ended the session', async () => {
    const expired = failed({
      ...errors.E_SESSION_EXPIRED,
      code: 'E_SESSION_EXPIRED',
      reference: '',
    })
    await renderApp({
      ...expired,
      providerLogout: { ...quietLogout, revocation: 'done', browser: 'none' },
    })
    expect(told()?.textContent).toBe('Tilgangen appen hadde, er trukket tilbake.')
    expect(screen.queryByText('Referanse')).toBeNull()
  })
})

/** What is not in the language of the page: but for the names of languages, and what is folded away for others. */
function inAnotherLanguage(): (string | null)[] {
  return [...document.querySelectorAll('body [lang]')]
    .filter((element) => element.closest('option, .fold, .for-support') === null)
    .map(({ textContent }) => textContent)
}

describe('language', () => {
  it('is asked for by its own name, and changes page, title and texts', async () => {
    const { bridge, push } = await renderApp(signedOut)
    const options = [...document.querySelectorAll('option')]
    expect(options.map(({ lang, value }) => [lang, value])).toStrictEqual(
      ['nb', 'nn', 'en', 'se'].map((language) => [language, language]),
    )
    const select = screen.getByRole('combobox')
    if (select instanceof HTMLSelectElement) select.value = 'nn'
    select.dispatchEvent(new Event('change', { bubbles: true }))
    expect(bridge.setLanguage).toHaveBeenCalledExactlyOnceWith('nn')

    push({ ...signedOut, revision: 2, language: 'nn' })
    expect(document.documentElement.lang).toBe('nn')
    expect(document.title).toBe('Du er ikkje logga inn – ID-porten Desktop')
  })

  // The first of these is the central way; whatever else may happen has no words in Northern Sami yet.
  const inSami = new Set([
    'restoring',
    'first run',
    'preparing',
    'waiting',
    'waiting, browser arrived',
    'waiting, browser failed',
    'waiting, no browser yet',
    'waiting, not returned',
    'waiting, little time',
    'exchanging',
    'signed in',
    'signed in, about to end',
    'signing out',
    'signing out in the browser',
    'signed out',
    'declined',
    'E_LOGIN_DENIED',
    'E_LOGIN_TIMEOUT',
  ])

  it.each(Object.entries(picturedStates))(
    'is one in the whole view when Northern Sami is chosen: %s',
    async (name, state) => {
      await renderApp({ ...state, language: 'se' })
      expect(document.documentElement.lang).toBe(inSami.has(name) ? 'se' : 'nb')
      // The details are a half of the window of their own, for those who build clients.
      expect(inAnotherLanguage()).toEqual([])
      expect(screen.getByRole('combobox')).toHaveProperty('value', 'se')
      cleanup()
      await renderApp({ ...state, language: 'nb' })
      expect(inAnotherLanguage()).toEqual([])
    },
  )
})

describe('the page before any script has run', () => {
  it.each(firstViews)(
    'holds what $status shows in $language',
    async ({ status, language, html }) => {
      const built = document.createElement('div')
      built.innerHTML = html
      await renderApp({ ...signedOut, status, language })
      const seen = (root: ParentNode) => ({
        text: root.querySelector('main')?.textContent,
        actions: [...root.querySelectorAll('[data-action]')].map((control) => [
          control.getAttribute('data-action'),
          control.hasAttribute('disabled'),
        ]),
      })
      expect(seen(built)).toEqual(seen(document))
      expect(built.querySelector('option[selected]')?.getAttribute('value')).toBe(language)
      expect(html).not.toMatch(/<script|\son\w+=|style=/)
    },
  )
})

it('a part of the window that cannot be read is told, and the next one that can is shown', async () => {
  const { bridge } = await renderApp(signedOut)
  const readable = { ...waiting, revision: 3 }
  let push: (snapshot: Snapshot) => void = () => {}
  const connection = connect(
    {
      ...bridge,
      onSnapshot: (listener) => {
        push = listener
        return () => undefined
      },
    },
    { has: (snapshot) => snapshot === readable, load: () => Promise.reject(new Error('no file')) },
  )
  await vi.waitFor(() => expect(connection.read().refused).toBe('E_UNEXPECTED'))
  expect(connection.read().snapshot).toBeNull()
  push(readable)
  expect(connection.read()).toMatchObject({ snapshot: readable, refused: null })
})
