import { answers, changes, html, json, portal } from './fault.ts'
import type { Fault } from './fault.ts'
import { directSteps, jsonSteps } from './steps.ts'

/** Puts members in front of those of a JSON object. */
const withMember = (body: string, member: string) => body.replace('{', `{${member},`)

/** Bodies that are not what they should be, or say that they are something else. */
export const bodyFaults = {
  'html-200': answers('A page in HTML, as of a guest network.', directSteps, () => ({
    status: 200,
    headers: html,
    body: portal,
  })),
  'html-200-as-json': answers('A page in HTML that says it is JSON.', directSteps, () => ({
    status: 200,
    headers: json,
    body: portal,
  })),
  'text-plain-json': changes(
    'The right answer as text/plain.',
    jsonSteps,
    (_, { headers }) => ({ headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' } }),
    'bearable',
  ),
  'text-html-json': changes(
    'The right answer as text/html.',
    jsonSteps,
    (_, { headers }) => ({ headers: { ...headers, ...html } }),
    'bearable',
  ),
  'no-content-type': changes(
    'The right answer without a content type.',
    jsonSteps,
    (_, { headers: { 'content-type': __, ...headers } }) => ({ headers }),
    'bearable',
  ),
  empty: changes('An empty body.', jsonSteps, () => ({ body: '' })),
  'json-null': changes('The JSON value null.', jsonSteps, () => ({ body: 'null' })),
  'json-array': changes('The right answer in an array.', jsonSteps, (body) => ({
    body: `[${body}]`,
  })),
  'json-string': changes('The right answer in a JSON string.', jsonSteps, (body) => ({
    body: JSON.stringify(body),
  })),
  'json-number': changes('A JSON number.', jsonSteps, () => ({ body: '1' })),
  'truncated-json': changes('JSON without its end, in a complete body.', jsonSteps, (body) => ({
    body: body.slice(0, Math.ceil(body.length / 2)),
  })),
  'json-and-more': changes('The right answer and a second one behind it.', jsonSteps, (body) => ({
    body: `${body}${body}`,
  })),
  bom: changes(
    'The right answer behind a byte order mark.',
    jsonSteps,
    (body) => ({ body: `\uFEFF${body}` }),
    'bearable',
  ),
  'utf-16': changes('The right answer in UTF-16.', jsonSteps, (body) => ({
    body: Buffer.from(`\uFEFF${body}`, 'utf16le'),
  })),
  'invalid-utf8': changes(
    'The right answer with one more member, which is not UTF-8.',
    jsonSteps,
    (body) => ({ body: Buffer.from(withMember(body, '"more":"\xFF\xFE"'), 'latin1') }),
    'bearable',
  ),
  'duplicate-keys': changes(
    'Every member twice, first with a wrong value.',
    jsonSteps,
    (body) => {
      const wrong = Object.keys(JSON.parse(body)).map((name) => `${JSON.stringify(name)}:"INVALID"`)
      return { body: wrong.length === 0 ? body : withMember(body, wrong.join(',')) }
    },
    'bearable',
  ),
  'deep-nesting': changes(
    'The right answer with one more member, 100 000 arrays deep.',
    jsonSteps,
    (body) => ({ body: withMember(body, `"more":${'['.repeat(1e5)}${']'.repeat(1e5)}`) }),
    'bearable',
  ),
  'proto-key': changes(
    'The right answer with a member __proto__ that repeats and falsifies it.',
    jsonSteps,
    (body) => ({ body: withMember(body, '"__proto__":{"issuer":"INVALID","polluted":true}') }),
    'bearable',
  ),
  'numbers-as-strings': changes(
    'Every number is a string.',
    ['pushed-request', 'token'],
    (body) => ({ body: body.replaceAll(/":(\d+)/g, '":"$1"') }),
    'bearable',
  ),
  nan: changes('A member that is NaN, which is not JSON.', jsonSteps, (body) => ({
    body: withMember(body, '"more":NaN'),
  })),
} as const satisfies Record<string, Fault>
