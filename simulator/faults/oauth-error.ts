import type { OutgoingHttpHeaders } from 'node:http'
import { answers, json, page } from './fault.ts'
import type { Fault } from './fault.ts'
import { hostileTexts } from './hostile-texts.ts'
import { directSteps } from './steps.ts'
import type { Step } from './steps.ts'

/** An error as OAuth writes it (RFC 6749 §5.2). */
function oauthError<const S extends readonly Step[]>(
  code: string,
  of: S,
  more: {
    readonly status?: number
    readonly headers?: OutgoingHttpHeaders
    readonly members?: Readonly<Record<string, unknown>>
  } = {},
) {
  return answers(`The OAuth error ${code} as JSON.`, of, () => ({
    status: more.status ?? 400,
    headers: { ...json, ...more.headers },
    body: JSON.stringify({ error: code, error_description: 'en feil', ...more.members }),
  }))
}

const errorSteps = ['pushed-request', 'token', 'revocation'] as const

function hostileError(name: keyof typeof hostileTexts) {
  const error = oauthError('invalid_request', errorSteps, {
    members: { error_description: hostileTexts[name], error_uri: hostileTexts[name] },
  })
  return { ...error, summary: `An OAuth error with a hostile description (${name}).` }
}

/** Errors as OAuth writes them, and refusals that are not written so. */
export const oauthErrorFaults = {
  '400-non-json': answers('HTTP 400 with JSON that is none.', directSteps, () => ({
    status: 400,
    headers: json,
    body: '{"error":',
  })),
  '400-empty': answers('HTTP 400 without a body.', directSteps, () => ({
    status: 400,
    headers: {},
    body: '',
  })),
  '400-html': page(400),
  'oauth-error-invalid-grant': oauthError('invalid_grant', ['token']),
  'oauth-error-invalid-client': oauthError('invalid_client', errorSteps, { status: 401 }),
  'oauth-error-unauthorized-client': oauthError('unauthorized_client', ['pushed-request', 'token']),
  'oauth-error-invalid-request': oauthError('invalid_request', errorSteps),
  'oauth-error-unsupported-grant-type': oauthError('unsupported_grant_type', ['token']),
  'oauth-error-unsupported-token-type': oauthError('unsupported_token_type', ['revocation']),
  'oauth-error-invalid-scope': oauthError('invalid_scope', ['pushed-request', 'token']),
  'oauth-error-invalid-target': oauthError('invalid_target', ['pushed-request', 'token']),
  'oauth-error-server-error': oauthError('server_error', errorSteps, { status: 500 }),
  'oauth-error-temporarily-unavailable': oauthError('temporarily_unavailable', errorSteps, {
    status: 503,
  }),
  'oauth-error-invalid-dpop-proof': oauthError('invalid_dpop_proof', ['pushed-request', 'token']),
  'oauth-error-use-dpop-nonce': oauthError('use_dpop_nonce', ['pushed-request', 'token'], {
    headers: { 'dpop-nonce': 'simulator-nonce' },
  }),
  'oauth-error-invalid-token': oauthError('invalid_token', ['userinfo', 'api'], {
    status: 401,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  }),
  'oauth-error-insufficient-scope': oauthError('insufficient_scope', ['userinfo', 'api'], {
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="openid"' },
  }),
  'oauth-error-unknown': oauthError('no_such_error', errorSteps),
  'oauth-error-not-a-text': {
    ...oauthError('', errorSteps, { members: { error: 1 } }),
    summary: 'An OAuth error that is a number.',
  },
  'oauth-error-with-status-200': oauthError('invalid_request', ['pushed-request', 'token'], {
    status: 200,
  }),
  'hostile-error-html': hostileError('html'),
  'hostile-error-javascript': hostileError('javascript'),
  'hostile-error-long': hostileError('long'),
  'hostile-error-personal-number': hostileError('personal-number'),
  'hostile-error-jwt': hostileError('jwt'),
  'hostile-error-control-characters': hostileError('control-characters'),
} as const satisfies Record<string, Fault>
