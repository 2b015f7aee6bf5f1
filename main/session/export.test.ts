import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Attempt, Step } from '../../preload/inspection.ts'
import { clientId } from '../../simulator/clients.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { createApps, type TestApp } from '../../test/support/app.ts'
import { toCurl, toJson, toMarkdown } from './export.ts'

let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(() => apps.closeAll())

const head = { app: 'test app', issuer: 'https://idporten.test', clientId: 'client' }
const plainStep: Step = {
  id: 7,
  step: 'token-request',
  startedAtMs: 10.4,
  durationMs: 20.6,
  source: 'RFC 6749 §4.1.3',
  request: {
    method: 'POST',
    address: 'https://idporten.test/token',
    headers: [{ name: 'accept', value: 'application/json', hidden: false }],
    parameters: [
      { name: 'grant_type', value: 'authorization_code', hidden: false },
      { name: 'code_verifier', value: 'code verifier, 43 characters', hidden: true },
    ],
  },
  response: {
    status: 400,
    headers: [],
    members: [{ name: 'error', value: 'invalid_grant', hidden: false }],
  },
  checks: [
    { rule: 'iss', source: 's', expected: 'a', got: 'b', result: 'fail' },
    { rule: 'aud', source: 's', expected: 'a', got: 'a', result: 'pass' },
  ],
  outcome: 'refused',
  error: { code: 'E_TOKEN_REFUSED', reason: 'error: invalid_grant' },
}
const attempt: Attempt = {
  attempt: 3,
  kind: 'login',
  reference: 'ABCDEF',
  startedAt: Date.UTC(2026, 10, 30, 12),
  result: 'E_TOKEN_REFUSED',
  steps: [plainStep],
}
const withError = (reason: string): Attempt => ({
  ...attempt,
  steps: [{ ...plainStep, error: { code: 'E_TOKEN_REFUSED', reason } }],
})

describe('an attempt as Markdown', () => {
  it('is this', () => {
    expect(toMarkdown(attempt, head)).toBe(
      `# Login 3

- App: \`test app\`
- Provider: \`https://idporten.test\`
- Client: \`client\`
- Started: \`2026-11-30T12:00:00.000Z\`
- Reference: \`ABCDEF\`
- Result: \`E_TOKEN_REFUSED\`

| Step | Starts at, ms | Takes, ms | Outcome |
| --- | ---: | ---: | --- |
| 1. token-request | 10 | 21 | refused \`E_TOKEN_REFUSED\` |

## 1. token-request

Follows RFC 6749 §4.1.3.

\`E_TOKEN_REFUSED\`: \`error: invalid_grant\`

Request: \`POST https://idporten.test/token\`

| Name | Value |
| --- | --- |
| \`accept\` | \`application/json\` |
| \`grant_type\` | \`authorization_code\` |
| \`code_verifier\` | code verifier, 43 characters |

Response: \`HTTP 400\`

| Name | Value |
| --- | --- |
| \`error\` | \`invalid_grant\` |

Checks: 1 of 2 did not fail.
- \`iss\`: expected \`a\`, got \`b\`
`,
    )
  })

  it('has only what there is', () => {
    const bare: Step = {
      ...plainStep,
      request: null,
      response: { status: 200, headers: [], members: [] },
      checks: [],
      outcome: 'done',
      error: null,
    }
    expect(toMarkdown({ ...attempt, reference: '', result: null, steps: [bare] }, head)).toBe(
      `# Login 3

- App: \`test app\`
- Provider: \`https://idporten.test\`
- Client: \`client\`
- Started: \`2026-11-30T12:00:00.000Z\`
- Result: \`under way\`

| Step | Starts at, ms | Takes, ms | Outcome |
| --- | ---: | ---: | --- |
| 1. token-request | 10 | 21 | done |

## 1. token-request

Follows RFC 6749 §4.1.3.

Response: \`HTTP 200\`
`,
    )
  })

  it('says nothing of an answer that never came', () => {
    const text = toMarkdown({ ...attempt, steps: [{ ...plainStep, response: null }] }, head)
    expect(text).toContain('| code verifier, 43 characters |\n\nChecks: 1 of 2 did not fail.')
  })

  it.each([
    ['a link', '[here](https://evil.test)', '`[here](https://evil.test)`'],
    ['HTML', '<img src=x onerror=y>', '`<img src=x onerror=y>`'],
    ['the end of a code span', 'a` <b>', '``a` <b>``'],
    ['a backtick at its end', 'a``', '``` a`` ```'],
    ['a backtick at its beginning', '`a', '`` `a ``'],
    ['the end of a cell', 'a | b', '`a \\| b`'],
    ['nothing', '', '`  `'],
  ])('has no markup of a provider: %s', (_, reason, span) => {
    expect(toMarkdown(withError(reason), head)).toContain(`\`E_TOKEN_REFUSED\`: ${span}\n`)
  })

  it.each([
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl', '[jwt]'],
    ['a personal number', '17818196345', '[personal number]'],
    ['a code in an address', 'https://a.test/?code=abcdef', 'https://a.test/?code=[secret]'],
  ])('has no secret by its shape, should one ever come so far: %s', (_, reason, shown) => {
    const text = toMarkdown(withError(reason), head)
    expect(text).toContain(`\`${shown}\``)
    expect(text).not.toContain(reason)
  })
})

describe('an attempt as JSON', () => {
  it('is this', () => {
    const steps = [{ ...plainStep, request: null, response: null, checks: [] }]
    expect(toJson({ ...attempt, steps }, head)).toBe(`{
  "app": "test app",
  "issuer": "https://idporten.test",
  "clientId": "client",
  "attempt": 3,
  "kind": "login",
  "reference": "ABCDEF",
  "startedAt": "2026-11-30T12:00:00.000Z",
  "result": "E_TOKEN_REFUSED",
  "steps": [
    {
      "id": 7,
      "step": "token-request",
      "startedAtMs": 10.4,
      "durationMs": 20.6,
      "source": "RFC 6749 §4.1.3",
      "request": null,
      "response": null,
      "checks": [],
      "outcome": "refused",
      "error": {
        "code": "E_TOKEN_REFUSED",
        "reason": "error: invalid_grant"
      }
    }
  ]
}
`)
  })

  it('stays JSON where a secret by its shape is taken out of a text with quotes', () => {
    const text = toJson(withError('bad state=abc" and more'), head)
    expect(JSON.parse(text)).toMatchObject({
      steps: [{ error: { reason: 'bad state=[secret]" and more' } }],
    })
  })
})

describe('a request as a command for curl', () => {
  /** The words that a shell makes of a command. */
  const wordsOf = (command: string): string[] =>
    execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], {
      encoding: 'utf8',
      env: { IDPORTEN_CODE_VERIFIER: 'the verifier', PATH: process.env['PATH'] },
    })
      .trim()
      .split('\n')

  it('has what was sent, and a variable for each secret', () => {
    expect(wordsOf(toCurl(plainStep) ?? '')).toEqual([
      'curl',
      '--request',
      'POST',
      '--header',
      'accept: application/json',
      '--data-urlencode',
      'grant_type=authorization_code',
      '--data-urlencode',
      'code_verifier=the verifier',
      'https://idporten.test/token',
    ])
  })

  it('puts the parameters of a GET into the address', () => {
    const request = plainStep.request && { ...plainStep.request, method: 'GET' }
    expect(wordsOf(toCurl({ ...plainStep, request }) ?? '').slice(0, 3)).toEqual([
      'curl',
      '--get',
      '--header',
    ])
  })

  it('names the method where there is nothing to put into the address', () => {
    const request = { method: 'GET', address: 'https://a.test/', headers: [], parameters: [] }
    expect(wordsOf(toCurl({ ...plainStep, request }) ?? '')).toEqual([
      'curl',
      '--request',
      'GET',
      'https://a.test/',
    ])
  })

  it('gives a shell nothing to do with what a provider named', () => {
    const hostile = `'; touch /tmp/x; $(id) \`id\` "`
    const parameters = [{ name: hostile, value: hostile, hidden: false }]
    const request = plainStep.request && { ...plainStep.request, headers: [], parameters }
    expect(wordsOf(toCurl({ ...plainStep, request }) ?? '')).toContain(`${hostile}=${hostile}`)
  })

  it('gives a shell nothing to do with the name of a secret', () => {
    const parameters = [{ name: 'a$(id)', value: 'text, 3 characters', hidden: true }]
    const request = plainStep.request && { ...plainStep.request, headers: [], parameters }
    const command = toCurl({ ...plainStep, request }) ?? ''
    expect(wordsOf(command)).toContain('a$(id)=')
    expect(command).toContain('"$IDPORTEN_A__ID_"')
  })

  it('has a variable for a secret header too', () => {
    const headers = [{ name: 'dpop', value: 'DPoP proof, 3 characters', hidden: true }]
    const request = plainStep.request && { ...plainStep.request, headers }
    expect(toCurl({ ...plainStep, request })).toContain(`--header 'dpop: '"$IDPORTEN_DPOP"`)
  })

  it('says that a personal number is hidden in one of the values', () => {
    const parameters = [
      { name: 'a', value: '178181•••••, as it is', hidden: false },
      { name: 'b', value: 'c', hidden: false },
    ]
    const request = plainStep.request && { ...plainStep.request, parameters }
    expect(toCurl({ ...plainStep, request })).toMatch(/^# Something was too long or is hidden/)
  })

  it('says what was cut, and asks for no variable but its own', () => {
    const parameters = [
      { name: 'PATH', value: 'text, 3 characters', hidden: true },
      { name: 'scope', value: `${'x'.repeat(300)}…`, hidden: false },
      { name: '…', value: '3 more are not kept', hidden: true },
    ]
    const request = plainStep.request && { ...plainStep.request, headers: [], parameters }
    const command = toCurl({ ...plainStep, request }) ?? ''
    expect(command).toMatch(/^# Something was too long or is hidden/)
    expect(command.match(/\$\w+/g)).toEqual(['$IDPORTEN_PATH'])
  })

  it('is none for a step that sent nothing', () => {
    expect(toCurl({ ...plainStep, request: null })).toBeNull()
  })
})

describe('what the app hands out', () => {
  const signedIn = async (): Promise<TestApp> => await apps.signedIn(simulator)

  it('is the chosen attempt, in the chosen form, at the chosen place', async () => {
    const { controller, copied, saved } = await signedIn()
    await controller.exportAttempt(1, 'markdown', 'clipboard')
    expect(copied.at(-1)).toMatch(/^# Login 1\n\n- App: `test app 0\.0\.0`/)
    await controller.exportAttempt(1, 'markdown', 'file')
    expect(saved.get('login-1.md')).toBe(copied.at(-1))
    await controller.exportAttempt(1, 'json', 'file')
    expect(JSON.parse(saved.get('login-1.json') ?? '')).toMatchObject({
      app: 'test app 0.0.0',
      issuer: simulator.issuer,
      clientId,
      attempt: 1,
      steps: expect.arrayContaining([expect.objectContaining({ step: 'token-request' })]),
    })
  })

  it('is a request, a token as it is shown, and nothing of what is not there', async () => {
    const app = await signedIn()
    const { controller, copied } = app
    const steps = controller.inspect().attempts[0]?.steps ?? []
    const token = steps.findIndex(({ step }) => step === 'token-request')
    await controller.copyRequest(1, token)
    expect(copied.at(-1)).toContain(`'${simulator.issuer}/token'`)
    await controller.copyContents('id-token')
    expect(copied.at(-1)).toContain('"nonce":"[secret]"')
    await controller.copyContents('access-token')
    expect(copied.at(-1)).toContain('"client_id"')
    await app.until(({ session }) => session?.userinfo !== null)
    await controller.copyContents('userinfo')
    expect(copied.at(-1)).toMatch(/^\{"sub":/)
    const before = copied.length
    await controller.copyRequest(1, 39)
    await controller.copyRequest(2, 0)
    await controller.exportAttempt(2, 'json', 'clipboard')
    controller.signOut()
    await controller.copyContents('id-token')
    await controller.copyContents('userinfo')
    expect(copied).toHaveLength(before)
  })

  it('holds no secret that went over the wire', async () => {
    const { controller, copied, journal } = await signedIn()
    await controller.renew()
    for (const attempted of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop
      await controller.exportAttempt(attempted, 'json', 'clipboard')
      // oxlint-disable-next-line no-await-in-loop
      await controller.exportAttempt(attempted, 'markdown', 'clipboard')
    }
    const names = ['code', 'code_verifier', 'state', 'nonce', 'refresh_token', 'code_challenge']
    const secrets = journal().flatMap(({ form, query }) =>
      names.flatMap((name) => [...form.getAll(name), ...query.getAll(name)]),
    )
    expect(secrets.length).toBeGreaterThan(5)
    for (const secret of secrets) expect(copied.join('\n')).not.toContain(secret)
  })
})
