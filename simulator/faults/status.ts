import { answers, changes, page } from './fault.ts'
import type { Fault, Wire } from './fault.ts'
import { directSteps, jsonSteps } from './steps.ts'

/** In front of a path: the simulator answers there as at the path, while a scenario plays. */
export const redirectedPath = '/redirected'

function retryAfter(code: number, value: string | ((now: Date) => string)) {
  return page(code, ({ now }) => ({
    'retry-after': typeof value === 'string' ? value : value(now),
  }))
}

function redirect(
  code: number,
  where: string,
  location: (wire: Wire, path: string) => string | undefined,
) {
  // A browser may be redirected, but its cookies would not fit the other path.
  return answers(`HTTP ${code} to ${where}.`, directSteps, (wire) => {
    const to = location(wire, wire.request.url ?? '/')
    return { status: code, headers: to === undefined ? {} : { location: to }, body: '' }
  })
}

const here = (code: number) =>
  redirect(code, 'another path, where the right answer is', ({ issuer }, path) =>
    [issuer, redirectedPath, path].join(''),
  )
const there = (code: number) =>
  redirect(code, 'another host, where the right answer is', ({ elsewhere }, path) =>
    [elsewhere, redirectedPath, path].join(''),
  )

/** HTTP statuses, and redirects. */
export const statusFaults = {
  'http-404': page(404),
  'http-429': page(429),
  'http-429-retry-after': retryAfter(429, '2'),
  'http-500-html': page(500),
  'http-502': page(502),
  'http-503': page(503),
  'http-503-retry-after': retryAfter(503, '2'),
  'http-503-retry-after-date': retryAfter(503, (now) =>
    new Date(now.getTime() + 2000).toUTCString(),
  ),
  'http-503-retry-after-huge': retryAfter(503, '1000000000'),
  'http-503-retry-after-negative': retryAfter(503, '-1'),
  'http-503-retry-after-garbage': retryAfter(503, 'snart; <b>'),
  'http-504': page(504),
  'http-204': answers('HTTP 204.', jsonSteps, () => ({ status: 204, headers: {}, body: '' })),
  'http-201': changes(
    'HTTP 201 with the right body.',
    ['discovery', 'keys', 'token', 'userinfo', 'api'],
    () => ({ status: 201 }),
    'bearable',
  ),
  'http-200': changes(
    'HTTP 200 with the right body.',
    ['pushed-request'],
    () => ({ status: 200 }),
    'bearable',
  ),
  'redirect-301': here(301),
  'redirect-302': here(302),
  'redirect-303': here(303),
  'redirect-307': here(307),
  'redirect-308': here(308),
  'redirect-301-other-host': there(301),
  'redirect-302-other-host': there(302),
  'redirect-303-other-host': there(303),
  'redirect-307-other-host': there(307),
  'redirect-308-other-host': there(308),
  'redirect-loop': redirect(302, 'itself', ({ issuer }, path) => issuer + path),
  'redirect-nowhere': redirect(302, 'nowhere', () => undefined),
  'redirect-file': redirect(302, 'a file', () => 'file:///etc/passwd'),
} as const satisfies Record<string, Fault>
