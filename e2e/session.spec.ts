import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { translator } from '../assets/locales/index.ts'
import { persons } from '../simulator/persons.ts'
import { scenarios } from '../simulator/scenarios/index.ts'
import type { Scenario } from '../simulator/scenarios/scenario.ts'
import { consentScope, plainScope } from '../simulator/scopes.ts'
import type { Simulator } from '../simulator/simulator.ts'
import {
  type Desktop,
  expect,
  expectPortClosed,
  lastPort,
  logInAt,
  signOutEverywhere,
  test,
} from './fixtures/desktop.ts'
import { expectRefused } from './fixtures/failure.ts'

/** What comes after the login: renewal, calls of APIs, absence, sign-out, another person. */

const t = translator('nb')
const loginPage = '[data-action="login"]'
const [first, second] = persons.filter(({ kind }) => kind === 'ordinary')
const returning = { postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out' }

const contacts = ({ apis }: Simulator) => ({
  name: 'Kontaktregisteret',
  url: apis.person,
  scope: consentScope,
})
const echo = ({ apis }: Simulator) => ({ name: 'Ekko', url: apis.echo, scope: plainScope })

interface Visit {
  readonly pid?: string | undefined
  readonly answer?: 'consent' | 'refuse'
}

/** Goes through the pages of the provider. */
async function logIn(page: Page, { pid, answer }: Visit): Promise<void> {
  await logInAt(page, pid)
  if (answer !== undefined) await page.locator(`[data-action="${answer}"]`).click()
}

async function signIn(
  desktop: Desktop,
  browserPage: (selector: string) => Promise<Page>,
  visit: Visit = {},
): Promise<Page> {
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await logIn(page, visit)
  await expectSignedIn(desktop)
  return page
}

async function expectSignedIn({ expectStatus, claim, window }: Desktop): Promise<void> {
  await expectStatus('signed-in')
  await expect(claim('id', 'sub')).toHaveText(/\S/)
  await expect(window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
}

/** The states that `<html>` tells, the present one and each that follows, as the page itself sees them. */
async function watchStates({ window }: Desktop): Promise<() => Promise<string[]>> {
  const states = await window.evaluateHandle(() => {
    const { dataset } = document.documentElement
    const look = (): string => [dataset['status'], dataset['renewing']].join(' ').trim()
    const seen = [look()]
    new MutationObserver(() => {
      if (seen.at(-1) !== look()) seen.push(look())
    }).observe(document.documentElement, { attributes: true })
    return seen
  })
  return async () => await states.jsonValue()
}

/** Requests of a path, and of a grant where it is the token endpoint. */
function requests({ journal }: Simulator, path: string, grant?: string) {
  return journal.filter(
    (entry) =>
      entry.path === path && (grant === undefined || entry.form.get('grant_type') === grant),
  )
}
const refreshes = (simulator: Simulator) => requests(simulator, '/token', 'refresh_token')

const accessTokenLeft = ({ window }: Desktop) => window.locator('[data-time-left="access-token"]')
const providerLogout = ({ window }: Desktop, of: 'browser' | 'revocation') =>
  expect(window.locator(`[data-logout-${of}]`))

async function expectProviderLogout(
  desktop: Desktop,
  of: 'browser' | 'revocation',
  value: string,
): Promise<void> {
  await providerLogout(desktop, of).toHaveAttribute(`data-logout-${of}`, value, { timeout: 20_000 })
}

function callApi({ window }: Desktop, name: string) {
  return {
    button: window.locator(`[data-action="call-api"][data-api="${name}"]`),
    result: window.locator(`[data-api-result="${name}"]`),
    failure: window.locator(`[data-api-failure="${name}"]`),
  }
}

/** The answer of an API, once it has the status. */
async function answerOf(desktop: Desktop, name: string, httpStatus = '200'): Promise<unknown> {
  const { result } = callApi(desktop, name)
  await expect(result).toHaveAttribute('data-http-status', httpStatus)
  return JSON.parse((await result.textContent()) ?? '')
}

test.describe('renewal through the browser', () => {
  test.describe('of an access token that lives for 3 seconds', () => {
    test.use({ simulatorOptions: { lifetimes: { accessToken: 3 } } })

    test('brings a fresh access token without a click, and the session goes on meanwhile', async ({
      launch,
      browserPage,
      simulator,
    }) => {
      const desktop = await launch()
      await signIn(desktop, browserPage)
      const former = await desktop.claim('access', 'jti').textContent()
      await expect(accessTokenLeft(desktop)).toHaveText(t('facts.access-token.expired'))
      const states = await watchStates(desktop)
      await desktop.action('renew').click()
      await expect(desktop.claim('access', 'jti')).not.toHaveText(former ?? '')
      await expect(accessTokenLeft(desktop)).not.toHaveText(t('facts.access-token.expired'))
      await expect(desktop.root).toHaveAttribute('data-renewing', '')
      expect(await states()).toEqual(['signed-in', 'signed-in browser', 'signed-in'])
      await expectSignedIn(desktop)
      await expect(desktop.root).toHaveAttribute('data-attempt', '2')
      await expect(desktop.window.locator('[data-problem]')).toHaveCount(0)
      expect(refreshes(simulator)).toEqual([])
      await expectPortClosed(lastPort(simulator))
    })
  })

  test('leaves no port and nothing stored when the app is quit in the middle @thorough', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const desktop = await launch({ profile: { prompt: 'login' } })
    await signIn(desktop, browserPage)
    await desktop.action('renew').click()
    await browserPage(loginPage)
    await desktop.app.evaluate(({ app }) => app.quit()).catch(() => {})
    expect(await desktop.exited).toBe(0)
    await expectPortClosed(lastPort(simulator))
    const files = await readdir(desktop.userData, { recursive: true, withFileTypes: true })
    expect(files.filter(({ name }) => name.startsWith('vault'))).toEqual([])
    const texts = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map(async ({ parentPath, name }) => await readFile(join(parentPath, name), 'latin1')),
    )
    expect(
      texts.filter((text) => text.includes(first?.pid ?? '') || /eyJ[\w-]{20}/.test(text)),
    ).toEqual([])
  })
})

test.describe('renewal by refresh token', () => {
  test.use({ simulatorOptions: { refreshTokens: true } })

  test('brings a fresh access token without a browser, each time with another refresh token', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    const visits = requests(simulator, '/authorize').length
    const states = await watchStates(desktop)
    for (const number of [1, 2]) {
      const former = (await desktop.claim('access', 'jti').textContent()) ?? ''
      // A page that has much to do would see a renewal that was quick only when it is over.
      const seen = Promise.withResolvers<void>()
      simulator.play({ summary: 'answers when the window has told', request: () => seen.promise })
      await desktop.action('renew').click()
      await expect(desktop.root).toHaveAttribute('data-renewing', 'refresh-token')
      seen.resolve()
      await expect(desktop.claim('access', 'jti')).not.toHaveText(former)
      await expect(desktop.action('renew')).toBeEnabled()
      expect(refreshes(simulator)).toHaveLength(number)
    }
    const renewed = ['signed-in refresh-token', 'signed-in']
    expect(await states()).toEqual(['signed-in', ...renewed, ...renewed])
    expect(new Set(refreshes(simulator).map(({ form }) => form.get('refresh_token'))).size).toBe(2)
    expect(requests(simulator, '/authorize')).toHaveLength(visits)
    await expectSignedIn(desktop)
  })
})

test.describe('APIs', () => {
  test('answer with what the person has consented to, and personal numbers are hidden until asked for', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const api = contacts(simulator)
    const desktop = await launch({ profile: { apis: [api] } })
    await signIn(desktop, browserPage, { answer: 'consent' })
    await expect(desktop.window.locator('[data-refused-scopes]')).toHaveCount(0)
    await callApi(desktop, api.name).button.click()
    const pid = first?.pid ?? ''
    expect(await answerOf(desktop, api.name)).toMatchObject({
      personidentifikator: `${pid.slice(0, 6)}•••••`,
      kontaktinformasjon: { epostadresse: 'testperson1@example.com' },
    })
    expect(await desktop.window.content()).not.toContain(pid)
    await desktop.action('reveal-pid').click()
    await expect(callApi(desktop, api.name).result).toContainText(pid)
    expect(await answerOf(desktop, api.name)).toMatchObject({ personidentifikator: pid })
    await desktop.action('reveal-pid').click()
    await expect(callApi(desktop, api.name).result).not.toContainText(pid)
    expect(await desktop.log()).not.toContain(pid)
  })

  test('that redirect never get the token to another address, and answer when they do not @thorough', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const visits: unknown[] = []
    const elsewhere = createServer((request, response) => {
      visits.push(request.headers)
      response.end('{}')
    })
    const misled = createServer((_request, response) => {
      const { port } = elsewhere.address() as AddressInfo
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
    })
    for (const server of [elsewhere, misled]) {
      await new Promise<void>((resolve) => {
        server.listen({ host: '127.0.0.1', port: 0 }, resolve)
      })
    }
    try {
      const { port } = misled.address() as AddressInfo
      const foreign = { ...echo(simulator), name: 'Fremmed', url: `http://127.0.0.1:${port}/api` }
      const desktop = await launch({ profile: { apis: [echo(simulator), foreign] } })
      await signIn(desktop, browserPage)
      simulator.play('api-redirect')
      for (const name of ['Ekko', 'Fremmed']) {
        const { button, failure, result } = callApi(desktop, name)
        await button.click()
        await expect(failure).toHaveAttribute('data-code', 'E_NETWORK_REDIRECT')
        await expect(failure).toContainText(t('error.E_NETWORK_REDIRECT.title'))
        await expect(result).toHaveCount(0)
      }
      expect(visits).toEqual([])
      expect(simulator.journal.filter(({ path }) => path.startsWith('/redirected'))).toEqual([])

      simulator.play(null)
      await callApi(desktop, 'Ekko').button.click()
      expect(await answerOf(desktop, 'Ekko')).toMatchObject({ method: 'GET' })
      await expect(callApi(desktop, 'Ekko').failure).toHaveCount(0)
      await expectSignedIn(desktop)
    } finally {
      for (const server of [elsewhere, misled]) {
        server.closeAllConnections()
        server.close()
      }
    }
  })

  test.describe('with refresh tokens', () => {
    test.use({ simulatorOptions: { refreshTokens: true } })

    test('and renewals work with tokens that are bound to a key (DPoP), with and without nonces', async ({
      launch,
      browserPage,
      simulator,
    }) => {
      const desktop = await launch({ profile: { dpop: true, apis: [echo(simulator)] } })
      await signIn(desktop, browserPage)
      await expect(desktop.claim('access', 'cnf')).toContainText('jkt')
      await expect(desktop.claim('userinfo', 'sub')).toHaveText(/\S/)
      for (const scenario of [null, 'dpop-nonce-newest'] as const) {
        simulator.play(scenario)
        const former = (await desktop.claim('access', 'jti').textContent()) ?? ''
        await desktop.action('renew').click()
        await expect(desktop.claim('access', 'jti')).not.toHaveText(former)
        await callApi(desktop, 'Ekko').button.click()
        expect(await answerOf(desktop, 'Ekko')).toMatchObject({ bound: true })
      }
      const calls = requests(simulator, '/api/echo')
      expect(calls.filter(({ headers }) => !headers.authorization?.startsWith('DPoP '))).toEqual([])
      const proofs = simulator.journal.flatMap(({ headers }) => headers['dpop'] ?? [])
      expect(new Set(proofs).size, 'no proof is used twice').toBe(proofs.length)
      expect(proofs.length).toBeGreaterThan(5)
    })
  })
})

test('acts for somebody else by authorization details, which are shown with the numbers hidden @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const [self, other] = simulator.persons
  const desktop = await launch({
    profile: {
      authorizationDetails: [{ type: 'idporten:fullmakt', permission_roles: ['arbeid'] }],
    },
  })
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await logInAt(page, self?.pid)
  await page.locator(`input[name="represent"][value="${other?.pid}"]`).check()
  await page.locator('[data-action="consent"]').click()
  await expectSignedIn(desktop)
  for (const of of ['id', 'access'] as const) {
    const details = desktop.claim(of, 'authorization_details')
    await expect(details).toContainText('idporten:fullmakt')
    await expect(details).not.toContainText(other?.pid ?? '')
  }
  await desktop.action('reveal-pid').click()
  await expect(desktop.claim('id', 'authorization_details')).toContainText(other?.pid ?? '')
})

test.describe('absence', () => {
  /** Pretends that the computer slept: uptime and wall clock have moved, and the events are emitted. */
  async function sleep({ app }: Desktop, minutes: number): Promise<void> {
    await app.evaluate(({ powerMonitor }, slept) => {
      const os = process.getBuiltinModule('node:os')
      const { uptime } = os
      const { now } = Date
      powerMonitor.emit('suspend')
      os.uptime = () => uptime() + slept * 60
      Date.now = () => now() + slept * 60_000
      powerMonitor.emit('resume')
      // The provider's clock is the real one.
      Date.now = now
    }, minutes)
  }

  test('of 29 minutes asleep keeps the session, of 31 ends it, and the next login works (fake clock and events of the sleep)', async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    await sleep(desktop, 29)
    await expect(desktop.window.locator('[data-ends-soon]')).toBeVisible()
    await expectSignedIn(desktop)
    // Whoever does something is there again.
    await desktop.action('reveal-pid').click()
    await expect(desktop.window.locator('[data-ends-soon]')).toHaveCount(0)
    await sleep(desktop, 31)
    await expectRefused(desktop, { code: 'E_SESSION_EXPIRED' })
    await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)

    // The provider still knows the person, and asks all the same: the app has said that it forgets them.
    await signIn(desktop, browserPage)
    await expect(desktop.claim('id', 'pid')).not.toHaveText(first?.pid ?? '')
  })

  test('of a minute ends the session by itself where the profile allows no more, and the next login works @thorough', async ({
    launch,
    browserPage,
  }) => {
    test.slow()
    const desktop = await launch({ profile: { inactivityMinutes: 1 } })
    await signIn(desktop, browserPage)
    await expect(desktop.root).toHaveAttribute('data-error', 'E_SESSION_EXPIRED', {
      timeout: 90_000,
    })
    await expectRefused(desktop, { code: 'E_SESSION_EXPIRED' })
    await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)
    await signIn(desktop, browserPage)
  })

  test('of 31 minutes ends the session although the system says that nobody is idle; input in the window keeps it (fake clock and idle time) @thorough', async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    const pass = (minutes: number): Promise<void> =>
      desktop.app.evaluate(({ powerMonitor }, passed) => {
        const monotonic = performance.now.bind(performance)
        powerMonitor.getSystemIdleTime = () => 0
        performance.now = () => monotonic() + passed * 60_000
      }, minutes)
    const { mouse, keyboard } = desktop.window
    const inputs = [
      () => mouse.move(200, 200),
      () => mouse.wheel(0, 50),
      () => keyboard.press('Shift'),
    ]
    for (const input of inputs) {
      await pass(29)
      await input()
      // The reloaded window asks, and is told what is true by now.
      await desktop.window.reload()
      await expectSignedIn(desktop)
    }
    await pass(31)
    await desktop.window.reload()
    await expectRefused(desktop, { code: 'E_SESSION_EXPIRED' })
  })

  test('of 31 minutes behind a locked screen ends the session when it is unlocked (fake clock and events) @thorough', async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    await desktop.app.evaluate(({ powerMonitor }) => {
      const monotonic = performance.now.bind(performance)
      powerMonitor.emit('lock-screen')
      performance.now = () => monotonic() + 31 * 60_000
      powerMonitor.emit('unlock-screen')
    })
    await expectRefused(desktop, { code: 'E_SESSION_EXPIRED' })
  })
})

/** A scenario with an ear for the ID token, which looks for it in every command line at the logout. */
function overheard(scenario: Scenario) {
  let idToken = ''
  const commandLines: string[] = []
  const listening: Scenario = {
    ...scenario,
    tokenResponse: (body) => {
      idToken = String(body['id_token'])
      return body
    },
    request: async (step) => {
      if (step !== 'end-session') return
      const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      const read = async (id: string): Promise<string> =>
        await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
      commandLines.push(...(await Promise.all(processes.map(read))))
    },
  }
  return { scenario: listening, idToken: () => idToken, commandLines }
}

/** Every address in the history of every tab. */
async function historyOf(page: Page): Promise<string[]> {
  const entries = await Promise.all(
    page
      .context()
      .pages()
      .map(async (tab) => {
        const client = await tab.context().newCDPSession(tab)
        const history = await client.send('Page.getNavigationHistory')
        return history.entries.map(({ url }) => url)
      }),
  )
  return entries.flat()
}

/** From now on the system says that it opens the browser, and opens none. */
async function openNothing({ app }: Desktop): Promise<void> {
  await app.evaluate(({ shell }) => {
    shell.openExternal = async () => {}
  })
}

async function killApp(desktop: Desktop): Promise<void> {
  desktop.app.process().kill('SIGKILL')
  await desktop.exited
}

test.describe('a sign-out that the end of the app comes upon', () => {
  test('lets nobody in as the former person after a restart, until a fresh login has been completed @thorough', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    // The provider keeps its session, as when its cookie does not come with the form.
    simulator.play('logout-cookie-strict')
    const desktop = await launch()
    await signIn(desktop, browserPage)
    await signOutEverywhere(desktop, simulator)
    await desktop.close()

    const { userData } = desktop
    const next = await launch({ userData })
    await next.action('sign-in').click()
    const page = await browserPage(loginPage)
    await next.action('cancel').click()
    await next.expectStatus('signed-out')
    await page.close({ runBeforeUnload: false }).catch(() => {})
    await signIn(next, browserPage, { pid: second?.pid })
    await expect(next.claim('id', 'given_name')).toHaveText(second?.givenName ?? '-')
    await next.close()

    const last = await launch({ userData })
    await last.action('sign-in').click()
    await expectSignedIn(last)
    await expect(last.claim('id', 'given_name')).toHaveText(second?.givenName ?? '-')
  })

  test('by a kill is told at the next start, and the provider asks who it is (openExternal replaced by a fake that opens nothing) @thorough', async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    await openNothing(desktop)
    await desktop.action('sign-out').click()
    await desktop.expectStatus('signed-out')
    await killApp(desktop)

    const next = await launch({ userData: desktop.userData })
    await next.expectStatus('signed-out')
    await expectProviderLogout(next, 'browser', 'interrupted')
    await expect(next.window.getByText(t('provider-logout.browser.interrupted'))).toBeVisible()
    await signIn(next, browserPage)
  })

  test('by quitting is handed to the browser, and the tokens are revoked', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const desktop = await launch({ profile: { apis: [echo(simulator)] } })
    await signIn(desktop, browserPage)
    await desktop.action('sign-out').click()
    await desktop.app.evaluate(({ app }) => app.quit())
    expect(await desktop.exited).toBe(0)
    expect(requests(simulator, '/token/revoke')).toHaveLength(1)
    await expect.poll(() => requests(simulator, '/logout').length).toBe(1)

    const next = await launch({ userData: desktop.userData })
    await next.expectStatus('signed-out')
    await expect(next.window.locator('[data-logout-browser]')).toHaveCount(0)
  })
})

test.describe('sign-out', () => {
  test('with a way back ends the login at the provider too, and the ID token stands in no address', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const ear = overheard(scenarios.normal)
    simulator.play(ear.scenario)
    const desktop = await launch({ profile: returning })
    const page = await signIn(desktop, browserPage)
    await desktop.action('sign-out').click()
    await desktop.expectStatus('signed-out')
    await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)
    await expectProviderLogout(desktop, 'browser', 'done')
    await expectProviderLogout(desktop, 'revocation', 'none')
    const heading = page.context().pages().at(-1)?.locator('h1')
    await expect(heading ?? page.locator('none')).toHaveText(t('callback.logged-out.title'))

    const token = ear.idToken()
    expect(token).toMatch(/^eyJ/)
    const [logout] = requests(simulator, '/logout')
    expect(logout?.method).toBe('POST')
    expect(logout?.form.get('id_token_hint')).toBe(token)
    const addresses = await historyOf(page)
    expect(addresses, 'the history is there').toContain(page.url())
    const places = [
      ...addresses,
      ...ear.commandLines,
      ...simulator.journal.flatMap(({ query, headers }) => [
        query.toString(),
        headers.referer ?? '',
      ]),
      await desktop.log(),
    ]
    expect(places.filter((place) => place.includes(token.split('.')[1] ?? token))).toEqual([])

    // The provider asks who it is.
    await signIn(desktop, browserPage, { pid: second?.pid })
    await expect(desktop.claim('id', 'given_name')).toHaveText(second?.givenName ?? '-')
  })

  test('without a way back ends the login at the provider too @thorough', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const desktop = await launch()
    await signIn(desktop, browserPage)
    await signOutEverywhere(desktop, simulator)
    await expectProviderLogout(desktop, 'browser', 'opened')
    await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)
    expect(requests(simulator, '/token/revoke'), 'its tokens end with the login').toEqual([])
    // The provider asks who it is.
    await signIn(desktop, browserPage)
    await expect(desktop.root).toHaveAttribute('data-attempt', '2')
  })

  for (const [scenario, cookie, when] of [
    ['logout-cookie-lax', 'SameSite=Lax', ''],
    ['logout-cookie-strict', 'SameSite=Strict', ' @thorough'],
  ] as const) {
    test(`goes a second way without the token when the cookie does not come with the form (${cookie})${when} @thorough`, async ({
      launch,
      browserPage,
      simulator,
    }) => {
      const ear = overheard(scenarios[scenario])
      simulator.play(ear.scenario)
      const desktop = await launch({ profile: returning })
      await signIn(desktop, browserPage)
      await signOutEverywhere(desktop, simulator)
      await expectProviderLogout(desktop, 'browser', 'opened')
      await expectProviderLogout(desktop, 'browser', 'done')
      const [posted, visited] = requests(simulator, '/logout')
      expect([posted?.method, visited?.method]).toEqual(['POST', 'GET'])
      expect([...(visited?.query.keys() ?? [])].toSorted()).toEqual([
        'client_id',
        'post_logout_redirect_uri',
        'state',
      ])
      expect(ear.commandLines.filter((line) => line.includes(ear.idToken()))).toEqual([])
      await signIn(desktop, browserPage)
    })
  }
})

test.describe('another person', () => {
  test('logs in after a fresh question by the provider, and nothing of the first is left', async ({
    launch,
    browserPage,
    simulator,
  }) => {
    const desktop = await launch({ profile: { apis: [contacts(simulator)] } })
    await signIn(desktop, browserPage, { pid: first?.pid, answer: 'consent' })
    await callApi(desktop, 'Kontaktregisteret').button.click()
    await answerOf(desktop, 'Kontaktregisteret')
    await desktop.action('reveal-pid').click()
    await expect(desktop.claim('id', 'pid')).toHaveText(first?.pid ?? '')
    const former = (await desktop.claim('id', 'sub').textContent()) ?? ''

    await desktop.action('switch-user').click()
    const page = await browserPage(loginPage)
    await desktop.expectStatus('waiting-for-browser')
    const prompts = requests(simulator, '/par').map(({ form }) => form.get('prompt'))
    expect(prompts).toEqual([null, 'login'])
    await logIn(page, { pid: second?.pid, answer: 'consent' })
    await expectSignedIn(desktop)
    await expect(desktop.claim('id', 'given_name')).toHaveText(second?.givenName ?? '-')
    await expect(desktop.claim('userinfo', 'given_name')).toHaveText(second?.givenName ?? '-')
    await expect(callApi(desktop, 'Kontaktregisteret').result).toHaveCount(0)
    const { pid = '', givenName = '', familyName = '' } = first ?? {}
    const content = await desktop.window.content()
    const left = [pid, pid.slice(0, 6), givenName, familyName, former, 'testperson1']
    expect(left.filter((text) => content.includes(text))).toEqual([])
    await expect(desktop.claim('id', 'pid')).toHaveText(`${second?.pid.slice(0, 6)}•••••`)
  })
})

test('two apps with folders of their own log in side by side, each by itself @thorough', async ({
  launch,
  browserPage,
}) => {
  const one = await launch()
  const other = await launch({ profile: { prompt: 'login' } })
  await one.action('sign-in').click()
  const page = await browserPage(loginPage)
  await other.action('sign-in').click()
  await other.expectStatus('waiting-for-browser')
  await one.expectStatus('waiting-for-browser')
  await logIn(page, { pid: first?.pid })
  await expectSignedIn(one)
  await other.expectStatus('waiting-for-browser')
  await logIn(await browserPage(loginPage), { pid: second?.pid })
  await expectSignedIn(other)
  await expect(one.claim('id', 'given_name')).toHaveText(first?.givenName ?? '-')
  await expect(other.claim('id', 'given_name')).toHaveText(second?.givenName ?? '-')
})
