/**
 * Breaks the code on purpose, one place at a time, in a copy, and shows which test notices.
 * Usage: `npm run mutations`, or with a part of a file or name to run only those. Exit code 1 when one survives.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'

interface Mutation {
  readonly name: string
  readonly file: string
  /** Stands in the file exactly once. */
  readonly from: string
  readonly to: string
}

const idToken = 'main/login/id-token.ts'
const acr = 'main/login/acr.ts'
const keys = 'main/login/keys.ts'
const http = 'main/login/http.ts'
const json = 'main/login/strict-json.ts'
const discovery = 'main/login/discovery.ts'
const tokenRequest = 'main/login/token-request.ts'
const knownErrors = 'main/known-errors.ts'
const machine = 'main/session/machine.ts'
const listener = 'main/login/loopback-listener.ts'
const pages = 'main/login/callback-pages.ts'
const attempt = 'main/login/attempt.ts'
const controller = 'main/session/controller.ts'

const mutations: readonly Mutation[] = [
  {
    name: 'take any algorithm',
    file: idToken,
    from: 'holds: alg === idTokenAlgorithm,',
    to: 'holds: true,',
  },
  {
    name: 'take any typ',
    file: idToken,
    from: "holds: typ === undefined || (typeof typ === 'string' && /^(application\\/)?jwt$/i.test(typ)),",
    to: 'holds: true,',
  },
  {
    name: 'demand a typ',
    file: idToken,
    from: 'holds: typ === undefined || (typeof typ',
    to: 'holds: (typeof typ',
  },
  {
    name: 'pass over crit',
    file: idToken,
    from: "holds: !('crit' in header),",
    to: 'holds: true,',
  },
  {
    name: 'take a key that the token brings',
    file: idToken,
    from: 'holds: embedded.length === 0,',
    to: 'holds: true,',
  },
  { name: 'pass over jku', file: idToken, from: "['jwk', 'jku', 'x5u']", to: "['jwk', 'x5u']" },
  { name: 'pass over x5u', file: idToken, from: "['jwk', 'jku', 'x5u']", to: "['jwk', 'jku']" },
  {
    name: 'take any kid',
    file: idToken,
    from: "holds: (kid === undefined || typeof kid === 'string') && named === 1,",
    to: 'holds: true,',
  },
  {
    name: 'choose among several keys',
    file: idToken,
    from: 'if (found === undefined || others.length > 0) return',
    to: 'void others\n  if (found === undefined) return',
  },
  {
    name: 'take any signature',
    file: idToken,
    from: "return { ...rule, got: 'not valid', holds: false }",
    to: "return { ...rule, got: 'not valid', holds: true }",
  },
  {
    name: 'do not look at the signature',
    file: idToken,
    from: '    await signatureRule(idToken, header, keys),\n',
    to: '',
  },
  {
    name: 'take claims that are no object',
    file: idToken,
    from: '|| Array.isArray(value)',
    to: '',
  },
  {
    name: 'take a JWE',
    file: idToken,
    from: "if (parts.length === 5) refuse('is encrypted, and that was not asked for')",
    to: '',
  },
  {
    name: 'take what is not base64url',
    file: idToken,
    from: "if (!base64url.test(part)) throw new SyntaxError('not base64url')",
    to: '',
  },
  { name: 'take any iss', file: idToken, from: 'holds: iss === issuer,', to: 'holds: true,' },
  {
    name: 'take an iss that begins right',
    file: idToken,
    from: 'holds: iss === issuer,',
    to: "holds: typeof iss === 'string' && iss.startsWith(issuer),",
  },
  {
    name: 'take any aud',
    file: idToken,
    from: 'holds: aud === clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === clientId),',
    to: 'holds: true,',
  },
  {
    name: 'take a second audience',
    file: idToken,
    from: 'aud.length === 1 && aud[0] === clientId',
    to: 'aud.includes(clientId)',
  },
  {
    name: 'refuse aud as a list',
    file: idToken,
    from: 'aud === clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === clientId)',
    to: 'aud === clientId',
  },
  {
    name: 'take any azp',
    file: idToken,
    from: 'holds: (azp === undefined || azp === clientId) && (keptAzp === null || azp === keptAzp.azp),',
    to: 'holds: true,',
  },
  {
    name: 'take any exp',
    file: idToken,
    from: 'holds: times.exp !== null && times.exp > now - clockTolerance,',
    to: 'holds: true,',
  },
  {
    name: 'take exp a second later',
    file: idToken,
    from: 'times.exp > now - clockTolerance',
    to: 'times.exp > now - clockTolerance - 2',
  },
  {
    name: 'have no tolerance for exp',
    file: idToken,
    from: 'times.exp > now - clockTolerance',
    to: 'times.exp > now',
  },
  {
    name: 'take any iat',
    file: idToken,
    from: 'times.iat !== null && times.iat <= now + clockTolerance && times.iat >= now - maximumAge,',
    to: 'true,',
  },
  {
    name: 'take iat from the future',
    file: idToken,
    from: 'times.iat <= now + clockTolerance && ',
    to: '',
  },
  { name: 'take an old iat', file: idToken, from: ' && times.iat >= now - maximumAge', to: '' },
  {
    name: 'take any nbf',
    file: idToken,
    from: 'holds: nbf === undefined || (times.nbf !== null && times.nbf <= now + clockTolerance),',
    to: 'holds: true,',
  },
  {
    name: 'take nbf from the future',
    file: idToken,
    from: 'times.nbf !== null && times.nbf <= now + clockTolerance',
    to: 'times.nbf !== null',
  },
  { name: 'take any nonce', file: idToken, from: 'holds: left || equal,', to: 'holds: true,' },
  {
    name: 'take a token without nonce',
    file: idToken,
    from: 'const left = optional && value === undefined',
    to: 'const left = value === undefined',
  },
  {
    name: 'take any sub',
    file: idToken,
    from: "holds: typeof sub === 'string' && /^[\\x20-\\x7E]{1,255}$/.test(sub),",
    to: 'holds: true,',
  },
  { name: 'take a long sub', file: idToken, from: '{1,255}$/', to: '{1,}$/' },
  { name: 'take an empty sub', file: idToken, from: '{1,255}$/', to: '{0,255}$/' },
  {
    name: 'renew as another person',
    file: idToken,
    from: "holds: renews === null ? 'skipped' : sub === renews.claims['sub'],",
    to: "holds: 'skipped',",
  },
  {
    name: 'renew another login',
    file: idToken,
    from: "holds: comparable ? authTime === former : 'skipped',",
    to: "holds: 'skipped',",
  },
  {
    name: 'take any acr',
    file: idToken,
    from: "acrValues.length === 0 ? 'skipped' : typeof acr === 'string' && acrIsEnough(acr, acrValues),",
    to: "'skipped',",
  },
  {
    name: 'take an old login',
    file: idToken,
    from: 'times.auth >= authenticatedAfter - clockTolerance &&',
    to: '',
  },
  {
    name: 'take a login from the future',
    file: idToken,
    from: ' &&\n            times.auth <= now + clockTolerance',
    to: '',
  },
  {
    name: 'take a login without a time',
    file: idToken,
    from: '          : times.auth !== null &&',
    to: '          : times.auth === null ||',
  },
  {
    name: 'take any at_hash',
    file: idToken,
    from: 'holds: atHash === undefined || isHashOf(atHash, expectation),',
    to: 'holds: true,',
  },
  { name: 'compare the whole hash', file: idToken, from: 'subarray(0, 16)', to: 'subarray(0, 32)' },
  {
    name: 'take claims of any type',
    file: idToken,
    from: 'holds: wrong.length === 0,',
    to: 'holds: true,',
  },
  { name: 'judge amr', file: idToken, from: "'acr at_hash c_hash", to: "'amr acr at_hash c_hash" },
  {
    name: 'take any pid',
    file: idToken,
    from: "holds: claims['pid'] === undefined || isPid(claims['pid']),",
    to: 'holds: true,',
  },
  { name: 'take a pid of any length', file: idToken, from: '/^\\d{11}$/', to: '/^\\d+$/' },
  {
    name: 'take times that are text',
    file: idToken,
    from: "return typeof value === 'number' && Number.isFinite(value) ? value : null",
    to: 'return Number(value) > 0 ? Number(value) : null',
  },
  {
    name: 'take an endless time',
    file: idToken,
    from: ' && Number.isFinite(value) ?',
    to: ' ?',
  },
  {
    name: 'blame the clock within tolerance',
    file: idToken,
    from: 'if (clockSkew === null || Math.abs(clockSkew) <= clockTolerance) return null',
    to: 'if (clockSkew === null) return null',
  },
  {
    name: 'blame the clock for everything',
    file: idToken,
    from: 'return holds ? Math.round(clockSkew) : null',
    to: 'return holds || true ? Math.round(clockSkew) : null',
  },
  {
    name: 'say ahead for behind',
    file: idToken,
    from: "skew > 0 ? 'ahead' : 'behind'",
    to: "skew < 0 ? 'ahead' : 'behind'",
  },
  {
    name: 'tolerate a minute',
    file: idToken,
    from: 'export const clockTolerance = 30',
    to: 'export const clockTolerance = 60',
  },
  {
    name: 'tolerate nothing',
    file: idToken,
    from: 'export const clockTolerance = 30',
    to: 'export const clockTolerance = 0',
  },
  {
    name: 'report only until the first failure',
    file: idToken,
    from: 'const checks = rules.map(toCheck)',
    to: 'const checks = rules.slice(0, 1 + rules.findIndex((rule) => rule.holds === false) || rules.length).map(toCheck)',
  },
  {
    name: 'take a lower level',
    file: acr,
    from: 'level.rank >= minimum.rank',
    to: 'level.rank <= minimum.rank',
  },
  {
    name: 'take the level of another scheme',
    file: acr,
    from: 'level.scheme === minimum.scheme &&',
    to: '',
  },
  {
    name: 'take a level with more behind it',
    file: acr,
    from: '(low|substantial|high)$/',
    to: '(low|substantial|high)/',
  },
  { name: 'take weak keys', file: keys, from: 'bits >= modulus.least &&', to: '' },
  { name: 'take huge keys', file: keys, from: 'bits <= modulus.most &&', to: '' },
  { name: 'take a small exponent', file: keys, from: 'exponent >= leastExponent &&', to: '' },
  {
    name: 'take private keys',
    file: keys,
    from: 'if (privateMembers.some((member) => member in candidate.output)) continue',
    to: '',
  },
  {
    name: 'take keys for encryption',
    file: keys,
    from: "use: v.optional(v.literal('sig')),",
    to: '',
  },
  {
    name: 'take keys for other algorithms',
    file: keys,
    from: 'alg: v.optional(v.literal(idTokenAlgorithm)),',
    to: '',
  },
  {
    name: 'take keys for other operations',
    file: keys,
    from: "operations.includes('verify')",
    to: 'operations.length > 0',
  },
  {
    name: 'be disturbed by a key that stands there twice',
    file: keys,
    from: 'usable.set(JSON.stringify([kid, hex(n), hex(e)]), { kid, key })',
    to: 'usable.set(String(usable.size), { kid, key })',
  },
  {
    name: 'take any number of keys',
    file: keys,
    from: 'v.maxLength(100)',
    to: 'v.maxLength(100000)',
  },
  {
    name: 'never look again',
    file: keys,
    from: 'lookedAgain || (believed',
    to: 'true || (believed',
  },
  { name: 'look again for ever', file: keys, from: 'lookedAgain = true\n', to: '' },
  {
    name: 'believe a nameless key of an earlier attempt',
    file: keys,
    from: 'const believed = kid !== undefined || fetches > 0',
    to: 'const believed = true || fetches > 0',
  },
  {
    name: 'keep keys for ever',
    file: keys,
    from: '&& clock.monotonic() < kept.until) return kept.keys',
    to: ') return kept.keys',
  },
  {
    name: 'keep keys of another address',
    file: keys,
    from: 'if (kept?.uri === uri && clock',
    to: 'if (kept && clock',
  },
  {
    name: 'never keep keys',
    file: keys,
    from: 'kept = { uri, keys, until: clock.monotonic() + lifetime }',
    to: '',
  },
  {
    name: 'never forget keys',
    file: keys,
    from: '    forget: () => {\n      kept = null',
    to: '    forget: () => {\n      void kept',
  },
  {
    name: 'take keys of any status',
    file: keys,
    from: 'if (response.status !== 200) refuse(`HTTP ${response.status}`)',
    to: 'void refuse',
  },
  {
    name: 'wait for an answer without a limit',
    file: http,
    from: 'const stopResponse = limit(limits.response)',
    to: 'const stopResponse = (): void => {}',
  },
  {
    name: 'wait for a body without a limit',
    file: http,
    from: 'const stopTotal = limit(limits.total)',
    to: 'const stopTotal = (): void => {}',
  },
  {
    name: 'end a body by the limit of its beginning',
    file: http,
    from: '      stopResponse()\n      const date',
    to: '      const date',
  },
  {
    name: 'read a body of any size',
    file: http,
    from: 'if (size > maxBytes) {',
    to: 'if (size < 0) {',
  },
  {
    name: 'read one byte more',
    file: http,
    from: 'if (size > maxBytes) {',
    to: 'if (size > maxBytes + 1) {',
  },
  { name: 'follow redirects', file: http, from: "redirect: 'manual',", to: "redirect: 'follow'," },
  {
    name: 'take a redirect for an answer',
    file: http,
    from: 'if (status >= 300 && status < 400) {',
    to: 'if (status < 0) {',
  },
  {
    name: 'take a broken server for an answer',
    file: http,
    from: 'if (status >= 500 || status === 429) {',
    to: 'if (status === 429) {',
  },
  {
    name: 'take 429 for an answer',
    file: http,
    from: 'status >= 500 || status === 429',
    to: 'status >= 500',
  },
  {
    name: 'take any content type',
    file: http,
    from: "if (type !== 'application/json' && !/^application\\/[\\w.-]+\\+json$/.test(type)) {",
    to: "if (type === 'x') {",
  },
  {
    name: 'take JSON that can be read in two ways',
    file: http,
    from: 'if (response.status < 400) refuseAmbiguous(bytes, step)',
    to: 'void refuseAmbiguous',
  },
  {
    name: 'show any content type',
    file: http,
    from: "const shown = /^[\\w.+/-]{1,60}$/.test(type) ? type : 'unknown'",
    to: 'const shown = type',
  },
  { name: 'pass the challenge on', file: http, from: "kept.delete('www-authenticate')", to: '' },
  {
    name: 'wait as long as the provider likes',
    file: http,
    from: 'Math.min(seconds, longestRetryAfter)',
    to: 'seconds',
  },
  {
    name: 'ask again at once',
    file: http,
    from: "retryAfter: waits ? retryAfter(headers.get('retry-after'), clock) : null,",
    to: 'retryAfter: null,',
  },
  {
    name: 'wait for any failure',
    file: http,
    from: 'const waits = status === 429 || status === 503',
    to: 'const waits = true',
  },
  {
    name: 'wait for what has passed',
    file: http,
    from: 'return seconds > 0 ? ',
    to: 'return seconds !== 0 ? ',
  },
  {
    name: 'not recognise a captive portal',
    file: http,
    from: "method === 'GET' ? { kind: 'captive-portal' } : null",
    to: 'null',
  },
  {
    name: 'see a captive portal everywhere',
    file: http,
    from: "explanation: type === 'text/html' ? portal : null,",
    to: 'explanation: portal,',
  },
  {
    name: 'not know the time of the provider',
    file: http,
    from: 'if (!Number.isNaN(date)) skew = clock.now() - date',
    to: '',
  },
  {
    name: 'go on after the end',
    file: http,
    from: 'signal: AbortSignal.any([options.signal, late.signal]),',
    to: 'signal: late.signal,',
  },
  {
    name: 'leave a request of its limit running',
    file: http,
    from: 'signal: AbortSignal.any([options.signal, late.signal]),',
    to: 'signal: options.signal,',
  },
  {
    name: 'take a name twice',
    file: json,
    from: "if (known?.has(name) === true) throw new SyntaxError('JSON with a name twice')",
    to: '',
  },
  {
    name: 'take __proto__',
    file: json,
    from: "if (name === '__proto__') throw new SyntaxError('JSON with a forbidden name')",
    to: '',
  },
  {
    name: 'take any depth',
    file: json,
    from: "if (depth > maximumDepth) throw new SyntaxError('JSON that is too deep')",
    to: '',
  },
  {
    name: 'take a byte order mark',
    file: json,
    from: "if (text.startsWith('\\uFEFF')) throw",
    to: "if (text === '') throw",
  },
  { name: 'take what is no UTF-8', file: json, from: 'fatal: true, ', to: '' },
  {
    name: 'take any issuer',
    file: discovery,
    from: "if (named !== issuer) refuse('issuer', 'is not exactly the configured issuer')",
    to: 'void named',
  },
  {
    name: 'take endpoints of http',
    file: discovery,
    from: "if (isLoopback(issuer) ? !isLoopback(url) : url.protocol !== 'https:')\n    refuse(name, 'is not https')",
    to: '',
  },
  {
    name: 'take endpoints of other sites',
    file: discovery,
    from: 'if (url.hostname !== issuer.hostname && !url.hostname.endsWith(`.${issuer.hostname}`)) {',
    to: "if (url.hostname === '') {",
  },
  {
    name: 'take endpoints of sites that end alike',
    file: discovery,
    from: 'endsWith(`.${issuer.hostname}`)',
    to: 'endsWith(issuer.hostname)',
  },
  {
    name: 'take endpoints with credentials',
    file: discovery,
    from: "if (url.username !== '' || url.password !== '') refuse(name, 'carries credentials')",
    to: '',
  },
  {
    name: 'take endpoints with a fragment',
    file: discovery,
    from: "if (address.includes('#')) refuse(name, 'has a fragment')",
    to: '',
  },
  {
    name: 'take port 0',
    file: discovery,
    from: "if (url.port === '0') refuse(name, 'has port 0')",
    to: '',
  },
  {
    name: 'go on without S256',
    file: discovery,
    from: "code_challenge_methods_supported: listWith('S256'),",
    to: '',
  },
  {
    name: 'go on without RS256',
    file: discovery,
    from: 'id_token_signing_alg_values_supported: listWith(idTokenAlgorithm),',
    to: '',
  },
  {
    name: 'go on without the code flow',
    file: discovery,
    from: "response_types_supported: listWith('code'),",
    to: '',
  },
  {
    name: 'keep metadata for ever',
    file: discovery,
    from: ' && clock.monotonic() < kept.until',
    to: '',
  },
  {
    name: 'keep metadata of another issuer',
    file: discovery,
    from: 'kept?.provider.issuer === issuer && ',
    to: 'kept && ',
  },
  {
    name: 'take a callback without iss',
    file: tokenRequest,
    from: 'if (iss !== provider.issuer) {',
    to: 'if (iss !== null && iss !== provider.issuer) {',
  },
  {
    name: 'take a callback of any iss',
    file: tokenRequest,
    from: 'if (iss !== provider.issuer) {',
    to: "if (iss === '') {",
  },
  {
    name: 'take implicit parameters',
    file: tokenRequest,
    from: "if (parameters.has(name)) invalid(name, 'was not asked for')",
    to: '',
  },
  {
    name: 'take code and error together',
    file: tokenRequest,
    from: "if (parameters.has('code') && parameters.has('error'))\n    invalid('code', 'came together with an error')",
    to: '',
  },
  {
    name: 'take any type of token',
    file: tokenRequest,
    from: "v.regex(/^bearer$/i, 'is not Bearer')",
    to: 'v.nonEmpty()',
  },
  {
    name: 'be strict about the case of Bearer',
    file: tokenRequest,
    from: '/^bearer$/i',
    to: '/^Bearer$/',
  },
  {
    name: 'take a life that is text',
    file: tokenRequest,
    from: 'v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(longestLife))',
    to: 'v.any()',
  },
  {
    name: 'take any life',
    file: tokenRequest,
    from: ', v.minValue(0), v.maxValue(longestLife)',
    to: '',
  },
  {
    name: 'take tokens with control characters',
    file: tokenRequest,
    from: 'const tokenText = /^[\\x21-\\x7E]+$/',
    to: 'const tokenText = /^[^]+$/',
  },
  {
    name: 'wait for the requests without a limit',
    file: attempt,
    from: 'stopTimer = clock.after(phaseLimit, () => endWith(tooSlow(phase)))',
    to: 'void tooSlow',
  },
  {
    name: 'open a browser before there are keys',
    file: attempt,
    from: '    await keysAreThere\n',
    to: '',
  },
  {
    name: 'verify without the keys of the token',
    file: attempt,
    from: 'await keys.forToken(tokens.idToken)',
    to: '[]',
  },
  {
    name: 'hand the access token over unverified',
    file: attempt,
    from: 'accessToken: tokens.accessToken,',
    to: 'accessToken: tokens.idToken,',
  },
  {
    name: 'verify nothing by the library',
    file: attempt,
    from: '    await tokens.confirm()\n',
    to: '',
  },
  {
    name: 'call an old certificate a wrong host',
    file: knownErrors,
    from: ", 'expired'],",
    to: ", 'wrong-host'],",
  },
  {
    name: 'explain what is not known',
    file: knownErrors,
    from: "isOauthError(name) ? { kind: 'oauth', error: name } : null",
    to: "{ kind: 'oauth', error: name as never }",
  },
  {
    name: 'let a login begin while the provider wants peace',
    file: machine,
    from: '        state.retryAt === null &&\n',
    to: '',
  },
  {
    name: 'never allow a login again',
    file: controller,
    from: "stopRetryTimer = clock.after(wait, () => dispatch({ type: 'retry-allowed', attempt: id }))",
    to: '',
  },
  {
    name: 'take any Host',
    file: listener,
    from: "if (host.length !== 1 || host[0] !== `127.0.0.1:${port}`) return refuse(response, 421, 'host')",
    to: '',
  },
  {
    name: 'take the first of two Hosts',
    file: listener,
    from: 'host.length !== 1 || host[0]',
    to: 'host[0]',
  },
  {
    name: 'take any method',
    file: listener,
    from: "if (request.method !== 'GET') return refuse(response, 405, 'method', { Allow: 'GET' })",
    to: '',
  },
  {
    name: 'take a body',
    file: listener,
    from: "if (hasBody(request)) return refuse(response, 400, 'body')",
    to: '',
  },
  {
    name: 'take any path for the callback',
    file: listener,
    from: "if (!known && target.path !== redirectPath) return refuse(response, 404, 'path')",
    to: 'void known',
  },
  {
    name: 'take what is not a navigation',
    file: listener,
    from: "if (!isTopLevelNavigation(request)) return refuse(response, 403, 'not a navigation')",
    to: 'void isTopLevelNavigation',
  },
  {
    name: 'take a fetch',
    file: listener,
    from: "if (mode !== undefined && mode !== 'navigate') return false",
    to: 'void mode',
  },
  {
    name: 'take a frame',
    file: listener,
    from: "if (destination !== undefined && destination !== 'document') return false",
    to: 'void destination',
  },
  {
    name: 'take a form of another origin',
    file: listener,
    from: 'if (headers.origin !== undefined) return false',
    to: '',
  },
  {
    name: 'let a prefetch spend the code',
    file: listener,
    from: "return !('sec-purpose' in headers || 'purpose' in headers || 'x-moz' in headers)",
    to: 'return true',
  },
  {
    name: 'take doubled parameters',
    file: listener,
    from: 'if (parameters.has(name)) return null',
    to: '',
  },
  {
    name: 'pass over broken escapes',
    file: listener,
    from: '} catch {\n      return null\n    }\n  }\n  return parameters',
    to: '} catch {}\n  }\n  return parameters',
  },
  {
    name: 'take any state',
    file: listener,
    from: "if (!timingSafeEqual(digest(parameters.get('state') ?? ''), pending)) {",
    to: 'if (!timingSafeEqual(pending, pending)) {',
  },
  {
    name: 'take the beginning of the state',
    file: listener,
    from: "digest(parameters.get('state') ?? '')",
    to: "digest((parameters.get('state') ?? '').slice(0, 43))",
  },
  {
    name: 'look at the error before the state',
    file: listener,
    from: 'if (!timingSafeEqual(digest(',
    to: "if (!parameters.has('error') && !timingSafeEqual(digest(",
  },
  {
    name: 'take any version of HTTP',
    file: listener,
    from: "if (request.httpVersion !== '1.1') return refuse(response, 505, 'version')",
    to: '',
  },
  {
    name: 'take a second request on a connection',
    file: listener,
    from: 'if (answered.has(request.socket)) return false',
    to: '',
  },
  {
    name: 'listen on all interfaces',
    file: listener,
    from: "server.listen({ host: '127.0.0.1', port: 0 }",
    to: 'server.listen({ port: 0 }',
  },
  {
    name: 'use a start address twice',
    file: listener,
    from: "startTargets.set(path, 'used')\n    options.onArrival()",
    to: 'options.onArrival()',
  },
  {
    name: 'start a login again after its callback',
    file: listener,
    from: "for (const path of startTargets.keys()) startTargets.set(path, 'used')",
    to: '',
  },
  {
    name: 'leave the code in the address bar',
    file: listener,
    from: 'return redirect(response, resultPath)',
    to: 'return showResult(response)',
  },
  {
    name: 'say that it went well before it did',
    file: listener,
    from: 'if (outcome !== null) {\n      showing',
    to: "outcome ??= 'signed-in'\n    {\n      showing",
  },
  {
    name: 'hold the browser without a limit',
    file: listener,
    from: 'const stopHolding = clock.after(holdLimit, ',
    to: 'const stopHolding = clock.after(2 ** 30, ',
  },
  {
    name: 'wait for the last page without a limit',
    file: listener,
    from: 'const stopWaiting = clock.after(lastPageLimit, shown.resolve)',
    to: 'const stopWaiting = (): void => {}',
  },
  {
    name: 'leave the port open',
    file: listener,
    from: 'if (server.listening) server.close()\n    server.closeAllConnections()\n    await closed',
    to: 'void closed',
  },
  {
    name: 'leave idle sockets open',
    file: listener,
    from: 'server.closeAllConnections()\n',
    to: '',
  },
  {
    name: 'take any number of headers',
    file: listener,
    from: "if (request.rawHeaders.length / 2 > maxHeaders) return refuse(response, 431, 'headers')",
    to: '',
  },
  {
    name: 'take a target of any length',
    file: listener,
    from: "if (url.length > maxTargetLength) return refuse(response, 414, 'target')",
    to: '',
  },
  {
    name: 'shut the browser out when strangers fill the port',
    file: listener,
    from: '    if (silent.size > maxConnections) oldest?.destroy()',
    to: '    if (silent.size > maxConnections) socket.destroy()\n    void oldest',
  },
  {
    name: 'keep any number of silent connections',
    file: listener,
    from: 'if (silent.size > maxConnections) oldest?.destroy()',
    to: 'void oldest',
  },
  {
    name: 'take an upgrade',
    file: listener,
    from: "server.on('upgrade', (_request, socket) => socket.destroy())",
    to: '',
  },
  {
    name: 'echo what the request says',
    file: listener,
    from: "return refuse(response, 400, 'state')",
    to: "return refuse(response, 400, 'state', { 'X-Error': encodeURI(parameters.get('error_description') ?? '') })",
  },
  {
    name: 'let the page be kept',
    file: pages,
    from: "'Cache-Control': 'no-store',",
    to: '',
  },
  {
    name: 'let the page be framed',
    file: pages,
    from: "frame-ancestors 'none'; ",
    to: '',
  },
  {
    name: 'tell the address to others',
    file: pages,
    from: "'Referrer-Policy': 'no-referrer',",
    to: '',
  },
  {
    name: 'let other origins read',
    file: pages,
    from: "Pragma: 'no-cache',",
    to: "Pragma: 'no-cache', 'Access-Control-Allow-Origin': '*',",
  },
  {
    name: 'do not escape the texts',
    file: pages,
    from: 'return text.replace(',
    to: 'return text || text.replace(',
  },
  {
    name: 'wait for the person without a limit',
    file: attempt,
    from: 'stopTimer = clock.after(deadline - clock.monotonic(), () => endWith(tooLate()))',
    to: '',
  },
  {
    name: 'believe a late word that no browser opened',
    file: attempt,
    from: 'if (arrivals === 0) endWith(error)',
    to: 'endWith(error)',
  },
  {
    name: 'let a sleep prolong the login',
    file: attempt,
    from: "onEvent({ type: 'prolonged', deadline: waitUntil(deadline - milliseconds) })",
    to: "onEvent({ type: 'prolonged', deadline: deadline - milliseconds })",
  },
  {
    name: 'go on after a cancel',
    file: attempt,
    from: 'cancel: () => endWith(cancelled),',
    to: 'cancel: () => void cancelled,',
  },
  {
    name: 'leave the listener open after a cancel',
    file: attempt,
    from: "void finish('cancelled')\n        ended.abort()",
    to: 'ended.abort()',
  },
  {
    name: 'say nothing when no browser comes',
    file: attempt,
    from: "hintAfter(missingAfter, 'browser-missing')\n    options.openBrowser",
    to: 'options.openBrowser',
  },
  {
    name: 'say nothing when the browser does not return',
    file: attempt,
    from: "hintAfter(notReturnedAfter, 'not-returned')",
    to: 'void notReturnedAfter',
  },
  {
    name: 'log every stranger',
    file: controller,
    from: "if (strays <= maxLoggedStrays) log('stray request', { reason })",
    to: "log('stray request', { reason, maxLoggedStrays })",
  },
]

const loginTests = [
  'main/login/loopback',
  'main/login/attempt',
  'main/login/refused',
  'main/session/controller',
]
/** The tests that stand for a file; all of a login for the rest. */
const testsOf: Readonly<Record<string, readonly string[]>> = {
  [idToken]: ['main/login/id-token'],
  [acr]: ['main/login/acr'],
  [keys]: ['main/login/keys'],
  [http]: ['main/login/http'],
  [json]: ['main/login/strict-json'],
  [discovery]: ['main/login/discovery'],
  [tokenRequest]: ['main/login/attempt'],
  [attempt]: ['main/login/attempt'],
  [knownErrors]: ['main/known-errors'],
  [machine]: ['main/session/machine'],
  [controller]: ['main/session/controller'],
}
const filter = process.argv.slice(2).join(' ')
const copy = mkdtempSync(path.join(tmpdir(), 'mutations-'))
let survivors = 0
try {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    encoding: 'utf8',
  })
  for (const file of files.split('\0').filter((name) => name !== '')) {
    cpSync(file, path.join(copy, file), { recursive: true })
  }
  symlinkSync(path.resolve('node_modules'), path.join(copy, 'node_modules'))
  const healthy = firstFailure([...new Set([...loginTests, ...Object.values(testsOf).flat()])])
  if (healthy !== null) throw new Error(`the tests fail without a mutation: ${healthy}`)
  const chosen = mutations.filter(({ name, file }) => `${file} ${name}`.includes(filter))
  for (const mutation of chosen) {
    const killer = withMutation(mutation, () => firstFailure(testsOf[mutation.file] ?? loginTests))
    if (killer === null) survivors += 1
    process.stdout.write(
      `${killer === null ? 'SURVIVED' : 'killed  '}  ${mutation.name}${killer === null ? '' : `: ${killer}`}\n`,
    )
  }
  process.stdout.write(`\n${chosen.length} mutations, ${survivors} survived\n`)
  process.exitCode = survivors === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

/** Runs with one place changed, and puts it back. */
function withMutation<T>({ name, file, from, to }: Mutation, run: () => T): T {
  const target = path.join(copy, file)
  const source = readFileSync(target, 'utf8')
  if (source.split(from).length !== 2)
    throw new Error(`${name}: the place is not there exactly once`)
  writeFileSync(
    target,
    source.replace(from, () => to),
  )
  try {
    return run()
  } finally {
    writeFileSync(target, source)
  }
}

/** The name of the first test that fails, or null when all pass. */
function firstFailure(tests: readonly string[]): string | null {
  const report = path.join(copy, 'report.json')
  const { status } = spawnSync(
    process.execPath,
    [
      path.join(copy, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--bail=1',
      '--reporter=json',
      `--outputFile=${report}`,
    ].concat(tests),
    { cwd: copy, stdio: 'ignore', timeout: 120_000 },
  )
  if (status === 0) return null
  const { testResults }: Report = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((result) => result.status === 'failed')
  return failed?.fullName ?? 'a test file that could not run'
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
