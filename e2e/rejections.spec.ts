import { scenarios, type ScenarioName } from '../simulator/scenarios/index.ts'
import type { Scenario } from '../simulator/scenarios/scenario.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { type Desktop, expect, logInAt, signOutEverywhere, test } from './fixtures/desktop.ts'
import { expectRefused, type Refusal } from './fixtures/failure.ts'

/**
 * A hostile provider against the running app, in layers: each rejection is named in the window and in
 * the browser, gives no secret away, and the very same app logs in right after it.
 */

interface Rejection extends Refusal {
  readonly scenario: ScenarioName
  /** The rules of the ID token that do not hold. */
  readonly failed?: readonly string[]
  /** True when it is refused before a browser is opened. */
  readonly early?: boolean
}

/** The layer that is played before each merge; test/conformance plays all of it without a window. */
const merged = 'metadata without https, and ID tokens that the provider did not sign'

/** Metadata is kept after a good login, so one that spoils it comes first. */
const layers: Readonly<Record<string, readonly Rejection[]>> = {
  'metadata of another issuer, callbacks of another sender, and refusals by the provider': [
    { scenario: 'issuer-mismatch', code: 'E_PROVIDER_METADATA', early: true },
    { scenario: 'invalid-callback-iss', code: 'E_CALLBACK_ISSUER' },
    { scenario: 'missing-callback-iss', code: 'E_CALLBACK_ISSUER' },
    {
      scenario: 'callback-error-login-required',
      code: 'E_LOGIN_REFUSED',
      explanation: 'oauth:login_required',
    },
    {
      scenario: 'callback-error-invalid-scope',
      code: 'E_LOGIN_REFUSED',
      explanation: 'oauth:invalid_scope',
    },
  ],
  [merged]: [
    { scenario: 'metadata-http-token-endpoint', code: 'E_PROVIDER_METADATA', early: true },
    {
      scenario: 'wrong-key-signature',
      code: 'E_ID_TOKEN_SIGNATURE',
      failed: ['signature'],
    },
    { scenario: 'sig-none', code: 'E_ID_TOKEN_SIGNATURE', failed: ['alg', 'signature'] },
  ],
  'ID tokens of another login, audience, time, level or person': [
    { scenario: 'invalid-nonce', code: 'E_ID_TOKEN_CLAIM', failed: ['nonce'] },
    { scenario: 'expired-exp', code: 'E_ID_TOKEN_CLAIM', failed: ['exp'] },
    { scenario: 'multiple-aud', code: 'E_ID_TOKEN_CLAIM', failed: ['aud'] },
    { scenario: 'acr-too-low', code: 'E_ID_TOKEN_CLAIM', failed: ['acr'] },
    { scenario: 'invalid-at-hash', code: 'E_ID_TOKEN_CLAIM', failed: ['at_hash'] },
    { scenario: 'sub-number', code: 'E_ID_TOKEN_CLAIM', failed: ['sub'] },
  ],
  'token responses that are ambiguous, refused or do not come': [
    { scenario: 'token-duplicate-keys', code: 'E_TOKEN_RESPONSE' },
    {
      scenario: 'token-oauth-error-invalid-grant',
      code: 'E_TOKEN_REFUSED',
      explanation: 'oauth:invalid_grant',
    },
    { scenario: 'token-reset', code: 'E_NETWORK_UNREACHABLE' },
  ],
  'ID tokens that a wrong clock makes look too new or too old': [
    {
      scenario: 'clock-9-minutes-ahead',
      code: 'E_CLOCK_SKEW',
      explanation: 'clock:behind',
      time: '9 minutter',
      failed: ['iat'],
    },
    {
      scenario: 'clock-9-minutes-behind',
      code: 'E_CLOCK_SKEW',
      explanation: 'clock:ahead',
      time: '9 minutter',
      failed: ['exp'],
    },
  ],
}

/** The same scenario, with an ear for the secrets that never come back to the provider. */
function overheard(scenario: Scenario, secrets: Set<string>): Scenario {
  return {
    ...scenario,
    callback: async (parameters, url, tools) => {
      hear(secrets, parameters.get('code'))
      await scenario.callback?.(parameters, url, tools)
    },
    tokenResponse: (body, tools, grant) => {
      for (const name of ['id_token', 'access_token', 'refresh_token']) {
        const token = body[name]
        // By its parts: a token that is not whole is one all the same.
        if (typeof token === 'string') for (const part of token.split('.')) hear(secrets, part)
      }
      return scenario.tokenResponse === undefined
        ? body
        : scenario.tokenResponse(body, tools, grant)
    },
  }
}

function hear(secrets: Set<string>, value: string | null): void {
  if (value !== null && value.length > 15) secrets.add(value)
}

function hearRequests({ journal }: Simulator, secrets: Set<string>): void {
  for (const { form } of journal) {
    for (const name of ['state', 'nonce', 'code', 'code_verifier', 'code_challenge']) {
      hear(secrets, form.get(name))
    }
  }
}

/** Signs in, and out again here and at the provider. */
async function expectGoodLogin(
  desktop: Desktop,
  simulator: Simulator,
  atLoginPage: () => Promise<void>,
): Promise<void> {
  await desktop.action('sign-in').click()
  await atLoginPage()
  await desktop.expectStatus('signed-in')
  await expect(desktop.claim('id', 'sub')).toHaveText(/\S/)
  await expect(desktop.window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
  await signOutEverywhere(desktop, simulator)
}

const reference = /^[A-HJ-NP-Z2-9]{6}$/

for (const [what, rejections] of Object.entries(layers)) {
  test(`refuses ${what}, and logs in after each${what === merged ? '' : ' @thorough'}`, async ({
    launch,
    browserPage,
    simulator,
  }) => {
    test.slow()
    const desktop = await launch()
    let known = false
    let signedOut = false
    // After a sign-out that the provider has not confirmed, every login is asked for anew.
    const atLoginPage = async (): Promise<void> => {
      if (!known || signedOut) await logInAt(await browserPage('[data-action="login"]'))
      known = true
    }
    for (const { scenario, failed = [], early = false, ...refusal } of rejections) {
      await test.step(scenario, async () => {
        const secrets = new Set<string>()
        simulator.play(overheard(scenarios[scenario], secrets))
        await desktop.action('sign-in').click()
        if (!early) await atLoginPage()
        await expectRefused(desktop, refusal)
        const failedChecks = desktop.window.locator('[data-check][data-result="fail"]')
        const rows = await failedChecks.evaluateAll((found) =>
          found.map((row) => row.getAttribute('data-check')),
        )
        expect(rows).toEqual(failed)
        await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)
        const name = await desktop.window.locator('dd code', { hasText: reference }).innerText()
        const line = (await desktop.log()).split('\n').findLast((text) => text.includes(name))
        expect(line).toContain(refusal.code)

        const places = new Map([
          ['the log', await desktop.log()],
          ['the window', await desktop.window.content()],
        ])
        if (!early) {
          const page = await browserPage(`main:has-text("${name}")`)
          await expect(page.locator('h1')).toHaveText('Innloggingen ble ikke fullført')
          places.set('the address of the browser', page.url())
          places.set('the page of the browser', await page.content())
        }
        hearRequests(simulator, secrets)
        if (!early) expect(secrets.size).toBeGreaterThan(3)
        const given = [...places].flatMap(([place, text]) =>
          [...secrets].some((secret) => text.includes(secret)) ? `a secret in ${place}` : [],
        )
        expect(given).toEqual([])

        simulator.play(null)
        await expectGoodLogin(desktop, simulator, atLoginPage)
        signedOut = true
      })
    }
  })
}
