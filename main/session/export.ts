import type { Copied } from '../../preload/contract.ts'
import type { Attempt, Inspection, Step, TraceValue } from '../../preload/inspection.ts'
import { hideSecrets } from '../redact.ts'
import type { Profile } from './profile.ts'

/** What a report says beside the steps. */
export interface ReportHead {
  /** The app and its version. */
  readonly app: string
  readonly issuer: string
  readonly clientId: string
}

/** An attempt as JSON, for a tool: its steps as the inspector has them. */
export function toJson(attempt: Attempt, head: ReportHead): string {
  const startedAt = new Date(attempt.startedAt).toISOString()
  const hide = (_name: string, value: unknown): unknown =>
    typeof value === 'string' ? hideSecrets(value) : value
  return `${JSON.stringify({ ...head, ...attempt, startedAt }, hide, 2)}\n`
}

/** An attempt as Markdown, for an issue. What a provider says stands in code spans, where it is no markup. */
export function toMarkdown(attempt: Attempt, { app, issuer, clientId }: ReportHead): string {
  const { kind, attempt: number, reference, startedAt, result, steps } = attempt
  const lines = [
    `# ${title[kind]} ${number}`,
    '',
    ...list([
      ['App', app],
      ['Provider', issuer],
      ['Client', clientId],
      ['Started', new Date(startedAt).toISOString()],
      ...(reference === '' ? [] : [['Reference', reference] as const]),
      ['Result', result ?? 'under way'],
    ]),
    '',
    '| Step | Starts at, ms | Takes, ms | Outcome |',
    '| --- | ---: | ---: | --- |',
    ...steps.map(
      ({ step, startedAtMs, durationMs, outcome, error }, index) =>
        `| ${index + 1}. ${step} | ${Math.round(startedAtMs)} | ${Math.round(durationMs)} | ${outcome}${error === null ? '' : ` ${code(error.code)}`} |`,
    ),
    ...steps.flatMap((step, index) => ['', ...section(step, index)]),
  ]
  return `${lines.join('\n')}\n`
}

const title = { login: 'Login', renewal: 'Renewal', restore: 'Remembered login' } as const

function section(
  { step, source, request, response, error, checks }: Step,
  index: number,
): string[] {
  const failed = checks.filter(({ result }) => result === 'fail')
  return [
    `## ${index + 1}. ${step}`,
    '',
    `Follows ${source}.`,
    ...(error === null ? [] : ['', `${code(error.code)}: ${code(error.reason)}`]),
    ...(request === null
      ? []
      : [
          '',
          `Request: ${code(`${request.method} ${request.address}`)}`,
          ...table([...request.headers, ...request.parameters]),
        ]),
    ...(response === null
      ? []
      : [
          '',
          `Response: ${code(`HTTP ${response.status}`)}`,
          ...table([...response.headers, ...response.members]),
        ]),
    ...(checks.length === 0
      ? []
      : ['', `Checks: ${checks.length - failed.length} of ${checks.length} did not fail.`]),
    ...failed.map(
      ({ rule, expected, got }) => `- ${code(rule)}: expected ${code(expected)}, got ${code(got)}`,
    ),
  ]
}

function list(items: readonly (readonly [string, string])[]): string[] {
  return items.map(([name, value]) => `- ${name}: ${code(value)}`)
}

function table(values: readonly TraceValue[]): string[] {
  if (values.length === 0) return []
  return [
    '',
    '| Name | Value |',
    '| --- | --- |',
    ...values.map(
      ({ name, value, hidden }) => `| ${code(name)} | ${hidden ? value : code(value)} |`,
    ),
  ]
}

/** A code span that no backtick inside ends, with the bars escaped that would end a cell of a table. */
function code(value: string): string {
  const text = hideSecrets(value)
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = text === '' || text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${fence}${space}${text.replaceAll('|', '\\|')}${space}${fence}`
}

/**
 * A request as a command for curl. A secret is a variable of the shell, such as `$IDPORTEN_CODE_VERIFIER`, for whoever
 * runs it to fill in; null for a step that sent nothing. What was cut when it was kept is said in a comment.
 */
export function toCurl({ request }: Step): string | null {
  if (request === null) return null
  const { method, address } = request
  // The last row may say how many more there were.
  const named = (values: readonly TraceValue[]): readonly TraceValue[] =>
    values.filter(({ name }) => name !== '…')
  const data = named(request.parameters).map(({ name, value, hidden }) => [
    '--data-urlencode',
    `${quoted(`${name}=`)}${hidden ? variable(name) : quoted(value)}`,
  ])
  const sent = named(request.headers).map(({ name, value, hidden }) => [
    '--header',
    hidden ? `${quoted(`${name}: `)}${variable(name)}` : quoted(`${name}: ${value}`),
  ])
  const how = method === 'GET' && data.length > 0 ? '--get' : `--request ${method}`
  const lines = [['curl', how], ...sent, ...data, [quoted(address)]]
  const command = lines.map((words) => words.join(' ')).join(' \\\n  ')
  const all = [address, ...[...request.headers, ...request.parameters].map(({ value }) => value)]
  const isCut = all.some((value) => value.endsWith('…') || value.includes('•'))
  return isCut
    ? `# Something was too long or is hidden, and lacks here: look for … and •\n${command}`
    : command
}

function variable(name: string): string {
  return `"$IDPORTEN_${name.toUpperCase().replaceAll(/\W/g, '_')}"`
}

/** A text as one word of a POSIX shell, in which nothing has a meaning. */
function quoted(text: string): string {
  return `'${hideSecrets(text).replaceAll("'", `'\\''`)}'`
}

/** Takes what the inspector shows out of the app: to the clipboard, or into a file that the person chooses. */
export function createExports(
  inspect: () => Inspection,
  profile: Profile | null,
  {
    app,
    copy,
    save,
  }: {
    readonly app: string
    readonly copy: (text: string) => Promise<void>
    readonly save: (name: string, text: string) => Promise<void>
  },
) {
  const find = (number: number): Attempt | undefined =>
    inspect().attempts.find(({ attempt }) => attempt === number)
  return {
    copyContents: async (of: Copied): Promise<void> => {
      const { id, access, userinfo } = inspect().tokens ?? {}
      const token = { 'id-token': id, 'access-token': access, userinfo: null }[of]
      const text = of === 'userinfo' ? userinfo : token && `${token.header}\n${token.payload}`
      if (text) await copy(text)
    },
    copyRequest: async (attempt: number, step: number): Promise<void> => {
      const found = find(attempt)?.steps.find(({ id }) => id === step)
      const text = found && toCurl(found)
      if (text) await copy(text)
    },
    exportAttempt: async (
      number: number,
      format: 'markdown' | 'json',
      to: 'clipboard' | 'file',
    ): Promise<void> => {
      const attempt = find(number)
      if (attempt === undefined) return
      // Stryker disable next-line ConditionalExpression: without a profile there is no attempt, so the compiler alone needs this
      if (profile === null) return
      const { issuer, clientId } = profile
      const head = { app, issuer, clientId }
      const text = format === 'json' ? toJson(attempt, head) : toMarkdown(attempt, head)
      if (to === 'clipboard') await copy(text)
      else await save(`${attempt.kind}-${number}.${format === 'json' ? 'json' : 'md'}`, text)
    },
  }
}
