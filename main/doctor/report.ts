import { plain } from '../login/index.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Registration } from './registration.ts'

/** A diagnosis as a tool wants it, or as text for people; it ends with a line break. */
export function report(diagnosis: Diagnosis, json: boolean): string {
  return json ? `${visibleJson(diagnosis)}\n` : asText(diagnosis)
}

function asText({ canLogIn, findings, differences, registration }: Diagnosis): string {
  const lines = findings.flatMap(({ subject, result, found, advice }) => [
    `${result.padEnd(12)} ${subject.padEnd(13)} ${found}`,
    ...(advice === null ? [] : [`${' '.repeat(27)}${advice}`]),
  ])
  return [
    ...lines,
    ...(differences.length === 0 ? [] : ['', 'The metadata differ from what ID-porten publishes:']),
    ...differences.map(
      ({ member, expected, got }) => `  ${member}: expected ${expected}, got ${got}`,
    ),
    ...(registration === null ? [] : registered(registration)),
    '',
    canLogIn
      ? 'A login can work here.'
      : 'A login cannot work here. The page docs/errors.md explains each code.',
    '',
  ].join('\n')
}

function registered({ fields, notes }: Registration): string[] {
  const names = [...new Set([...Object.keys(fields), ...Object.keys(notes)])]
  return [
    '',
    'To be registered at Digdir:',
    ...names.map((name) => {
      const value = [fields[name] ?? []].flat().join(' ')
      const note = notes[name] === undefined ? '' : `(${notes[name]})`
      return plain(`  ${name.padEnd(27)} ${[value, note].filter(Boolean).join(' ')}`)
    }),
    '',
    'The same for the self-service API:',
    visibleJson(fields),
  ]
}

/** JSON in which what would turn text around or hide it is escaped: the values stay what they are. */
function visibleJson(value: unknown): string {
  const escape = (hidden: string): string =>
    Array.from(
      { length: hidden.length },
      (_, index) => `\\u${hidden.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join('')
  return JSON.stringify(value, null, 2).replace(/[\p{Cf}\u007F-\u009F\u2028\u2029]/gu, escape)
}
