import { describe, expect, it } from 'vitest'
import type { Sent, TraceStepName } from './trace.ts'
import { showStep, valuesIn, valuesSent } from './trace-values.ts'

const url = 'https://a.test/path'
const requestOf = (sent: Partial<Sent>, step: TraceStepName = 'token-request') => {
  const whole = { method: 'POST', url, ...sent }
  return showStep(step, [], (hider) => hider.request(whole, new URL(whole.url)))
}
const parametersOf = (parameters: Record<string, string>, step?: TraceStepName) =>
  requestOf({ parameters: new URLSearchParams(parameters) }, step).parameters
const membersOf = (body: unknown, step: TraceStepName = 'token-request', secrets: string[] = []) =>
  showStep(step, secrets, (hider) => hider.response(200, new Headers(), body)).members
const textOf = (text: string, secrets: string[] = []) =>
  showStep('verification', secrets, (hider) => hider.text(text))
const shown = (name: string, value: string) => ({ name, value, hidden: false })
const hidden = (name: string, value: string) => ({ name, value, hidden: true })

describe('of a request is shown', () => {
  it('what a parameter of the protocol says, and of any other what it is and how long', () => {
    expect(
      parametersOf({
        acr_values: 'a',
        grant_type: 'b',
        ui_locales: 'nb',
        code: 'abc',
        login_hint: 'abcd',
        '': 'x',
        toString: 'y',
      }),
    ).toEqual([
      shown('acr_values', 'a'),
      shown('grant_type', 'b'),
      shown('ui_locales', 'nb'),
      hidden('code', 'authorization code, 3 characters'),
      hidden('login_hint', 'text, 4 characters'),
      hidden('', 'text, 1 characters'),
      hidden('toString', 'text, 1 characters'),
    ])
  })

  it.each([
    ['access_token', 'access token'],
    ['code_challenge', 'code challenge'],
    ['code_verifier', 'code verifier'],
    ['dpop_jkt', 'thumbprint of the DPoP key'],
    ['id_token', 'ID token'],
    ['id_token_hint', 'ID token'],
    ['nonce', 'nonce'],
    ['refresh_token', 'refresh token'],
    ['request_uri', 'request URI'],
    ['state', 'state'],
    ['token', 'token'],
  ])('%s as %s', (name, kind) => {
    expect(parametersOf({ [name]: 'abc' })).toEqual([hidden(name, `${kind}, 3 characters`)])
  })

  it('the state of a callback as the one that was sent, and no other parameter or step so', () => {
    expect(parametersOf({ state: 'abc', code: 'abc' }, 'callback')).toEqual([
      hidden('state', 'state, equal to the one sent'),
      hidden('code', 'authorization code, 3 characters'),
    ])
  })

  it('a header that anybody may see, a secret one by what it is, and no other', () => {
    const headers = { accept: 'a/b', Authorization: 'DPoP abc', DPoP: 'abcd', cookie: 'x' }
    expect(requestOf({ headers }).headers).toEqual([
      shown('accept', 'a/b'),
      hidden('Authorization', 'access token (DPoP), 3 characters'),
      hidden('DPoP', 'DPoP proof, 4 characters'),
    ])
    expect(requestOf({ headers: { authorization: 'odd' } }).headers).toEqual([
      hidden('authorization', 'access token (odd), 0 characters'),
    ])
    expect(requestOf({}).headers).toEqual([])
  })

  it('the query of an address as parameters, unless there is a body', () => {
    const address = `${url}?client_id=a`
    expect(requestOf({ url: address })).toMatchObject({
      method: 'POST',
      address: url,
      parameters: [shown('client_id', 'a')],
    })
    const parameters = new URLSearchParams({ scope: 'b' })
    expect(requestOf({ url: address, parameters })).toMatchObject({
      address,
      parameters: [shown('scope', 'b')],
    })
  })
})

describe('of an answer is shown', () => {
  it('its status and its headers', () => {
    const headers = new Headers({ 'retry-after': '5', 'dpop-nonce': 'abc', 'set-cookie': 'a=b' })
    expect(showStep('userinfo', [], (hider) => hider.response(401, headers, {}))).toEqual({
      status: 401,
      headers: [hidden('dpop-nonce', 'DPoP nonce, 3 characters'), shown('retry-after', '5')],
      members: [],
    })
  })

  it.each<readonly [unknown, string]>([
    ['abc', 'text, 3 characters'],
    [[1, 2], 'list, 2 items'],
    [null, 'null'],
    [{ a: 1 }, 'object, 1 members'],
    [5, 'number'],
    [true, 'boolean'],
  ])('what is hidden, by its kind and its size: %j', (value, kind) => {
    expect(membersOf({ name: value })).toEqual([hidden('name', kind)])
  })

  it.each<readonly [unknown, string]>([
    ['abc', 'text, 3 characters'],
    [[1, 2], 'list, 2 items'],
    [null, 'null'],
    [5, 'number'],
  ])('a body that is no object as one value without a name: %j', (body, kind) => {
    expect(membersOf(body)).toEqual([hidden('', kind)])
  })

  it('no member where there is no JSON', () => {
    expect(membersOf(undefined)).toEqual([])
  })

  it('what anybody may see, as JSON where it is no text', () => {
    expect(membersOf({ scope: 'a', expires_in: 5, error: { b: ['c'] } })).toEqual([
      shown('scope', 'a'),
      shown('expires_in', '5'),
      shown('error', '{"b":["c"]}'),
    ])
  })

  it('everything in metadata', () => {
    expect(membersOf({ anything: 'a', more: [1] }, 'metadata')).toEqual([
      shown('anything', 'a'),
      shown('more', '[1]'),
    ])
  })

  it.each(['userinfo', 'api-call'] as const)('of %s nothing but an error', (step) => {
    expect(membersOf({ iss: 'a', scope: 'b', error: 'c', error_description: 'd' }, step)).toEqual([
      hidden('iss', 'text, 1 characters'),
      hidden('scope', 'text, 1 characters'),
      shown('error', 'c'),
      shown('error_description', 'd'),
    ])
  })

  it('what is too deep to be written by saying so', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
    expect(membersOf({ error: deep })).toEqual([
      shown('error', 'a value that is too deep to be shown'),
    ])
  })
})

describe('of a key set is shown', () => {
  /** Self-signed, and of no use for anything. */
  const certificate =
    'MIHSMIGFAhR8QXQ5z5Bay2ahojrr02kFXR5DtzAFBgMrZXAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMzAxOTM5MThaFw0yNzEyMDExOTM5MThaMAwxCjAIBgNVBAMMAWEwKjAFBgMrZXADIQAP7gbupAiHQZxa8VuPTYJpni7v/CQO9oG6QSXxArw0JDAFBgMrZXADQQAop1GNU6O2OyK9K5qc/Ysu7q3lzI5oEVjR6DsraqDVCFp3PNyRrc4PTPOCeF7U3SWGedlJ9Hl1rdYrXXtWcz8I'

  it('each key with its name, its kind and its certificate, and nothing else of it', () => {
    const keys = [
      { kid: 'a', kty: 'RSA', use: 'sig', alg: 'RS256', n: 'x', x5c: [certificate, 'AAAA'] },
      { kid: 'b', kty: 'EC', x5c: ['AAAA'] },
      { kty: 'EC', use: 1, x5c: [1] },
      { kid: 5, x5c: 'AAAA' },
      null,
    ]
    expect(membersOf({ keys }, 'keys')).toEqual([
      shown('a', 'RSA, sig, RS256, certificate from 2026-11-30 to 2027-12-01'),
      shown('b', 'EC, certificate that cannot be read'),
      shown('no kid', 'EC'),
      shown('no kid', ''),
      shown('no kid', ''),
    ])
  })

  it.each([null, 'keys', {}, [], { keys: null }, { keys: { length: 1 } }])(
    'no key where there is no list of them: %j',
    (body) => {
      expect(membersOf(body, 'keys')).toEqual([])
    },
  )
})

describe('is cut off', () => {
  it('the name of a member after 80 characters, and no secret stands half in it', () => {
    const secret = 'a-secret-of-26-characters'
    const [cut, whole] = membersOf(
      { ['x'.repeat(81)]: 1, [`${'y'.repeat(70)}${secret}`]: 1 },
      'token-request',
      [secret],
    )
    expect(cut?.name).toBe('x'.repeat(80))
    expect(whole?.name).toBe(`${'y'.repeat(70)}[secret]`)
  })

  it('what comes after 60 values, and how many there were is told', () => {
    const bodyOf = (size: number) =>
      Object.fromEntries(Array.from({ length: size }, (_, at) => [`m${at}`, 1]))
    expect(membersOf(bodyOf(60))).toHaveLength(60)
    const many = membersOf(bodyOf(62))
    expect(many).toHaveLength(61)
    expect(many.slice(-2)).toEqual([hidden('m59', 'number'), hidden('…', '2 more are not kept')])
  })

  it('what comes after 6000 characters of names and values', () => {
    const bodyOf = (first: string) =>
      Object.fromEntries([
        ['m10', first],
        ...Array.from({ length: 19 }, (_, at) => [`m${at + 11}`, 'x'.repeat(297)]),
      ])
    expect(membersOf(bodyOf('x'.repeat(297)), 'metadata').at(-1)?.name).toBe('m29')
    expect(membersOf(bodyOf('x'.repeat(298)), 'metadata').slice(-2)).toEqual([
      shown('m28', 'x'.repeat(297)),
      hidden('…', '1 more are not kept'),
    ])
  })
})

describe('is shown on one line', () => {
  it.each([
    ['\u202Eabc', '\uFFFDabc'],
    ['abc\u202E', 'abc\uFFFD'],
    ['a\nb', 'a\uFFFDb'],
    ['x'.repeat(301), `${'x'.repeat(300)}…`],
    ['x'.repeat(300), 'x'.repeat(300)],
    ['blåbær §', 'blåbær §'],
    ['', ''],
  ])('%j', (text, line) => {
    expect(textOf(text)).toBe(line)
  })
})

describe('is taken out', () => {
  it.each([
    ['any of two secrets', 'a first-one b', ['second-one', 'first-one'], 'a [secret] b'],
    ['a secret of six characters', 'a abcdef b', ['abcdef'], 'a [secret] b'],
    ['no shorter one', 'a abcde b', ['abcde'], 'a abcde b'],
    ['nor where something else is', 'a abcde \u202E', ['abcde'], 'a abcde \uFFFD'],
    ['a secret that is written in percent', 'a%2Fb%2Fcd', ['a/b/cd'], '[secret]'],
    ['a secret with a quote in it', 'a"b"c"d', ['a"b"c"d'], '[secret]'],
    ['a personal number', 'of 17818196345', [], 'of 178181•••••'],
    ['a personal number beside a secret', '17818196345 abcdef', ['abcdef'], '178181••••• [secret]'],
  ])('%s', (_, text, secrets, line) => {
    expect(textOf(text, secrets)).toBe(line)
  })

  it.each<readonly [string, readonly string[]]>([
    ['', []],
    ['a line of plain text, such as ~ and §', []],
    ['x'.repeat(300), []],
    ['nothing of this secret', ['the-only-secret', 'another.secret~-_']],
    ['the end of one: only-secret', ['the-only-secret']],
    ['abcde is too short for a secret', ['abcde']],
  ])('nothing, and it is looked at once, from %j', (text, secrets) => {
    let looks = 0
    const line = showStep('callback', secrets, (hider) => {
      looks += 1
      return hider.text(text)
    })
    expect([line, looks]).toEqual([text, 1])
  })

  it('a secret inside of a value that is shown as JSON', () => {
    const code = 'a"quoted\\code'
    expect(membersOf({ scope: { list: [code] } }, 'token-request', [code])).toEqual([
      shown('scope', '{"list":["[secret]"]}'),
    ])
  })
})

describe('the values that must not come back', () => {
  it('are the hidden ones of a request, without the scheme before a token', () => {
    const sent: Sent = {
      method: 'POST',
      url: `${url}?state=s&client_id=c`,
      headers: { Authorization: 'DPoP token', 'dpop-nonce': 'n', accept: 'a' },
      parameters: new URLSearchParams({ code: 'the-code', grant_type: 'g' }),
    }
    expect(valuesSent(sent, new URL(sent.url))).toEqual(['s', 'the-code', 'token', 'n'])
    expect(valuesSent({ method: 'GET', url }, new URL(url))).toEqual([])
  })

  it('are the tokens and the like in an answer', () => {
    const headers = new Headers({ 'dpop-nonce': 'n', date: 'd' })
    const body = { access_token: 'a', scope: 's', refresh_token: 5, toString: 't' }
    expect(valuesIn(headers, body)).toEqual(['a', 'n'])
    for (const none of [undefined, null, 'text', 5]) {
      expect(valuesIn(new Headers(), none)).toEqual([])
    }
  })
})
