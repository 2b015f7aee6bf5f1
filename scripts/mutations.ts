/**
 * Breaks the code on purpose, one place at a time, in a copy, and shows which test notices.
 * Usage: `npm run mutations`, or with a part of a name to run only those. Exit code 1 when one survives.
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

const listener = 'main/login/loopback-listener.ts'
const pages = 'main/login/callback-pages.ts'
const attempt = 'main/login/attempt.ts'
const controller = 'main/session/controller.ts'

const mutations: readonly Mutation[] = [
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

const tests = [
  'main/login/loopback',
  'main/login/attempt',
  'main/login/refused',
  'main/session/controller',
]
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
  const healthy = firstFailure()
  if (healthy !== null) throw new Error(`the tests fail without a mutation: ${healthy}`)
  for (const mutation of mutations.filter(({ name }) => name.includes(filter))) {
    const killer = withMutation(mutation, firstFailure)
    if (killer === null) survivors += 1
    process.stdout.write(
      `${killer === null ? 'SURVIVED' : 'killed  '}  ${mutation.name}${killer === null ? '' : `: ${killer}`}\n`,
    )
  }
  process.stdout.write(`\n${mutations.length} mutations, ${survivors} survived\n`)
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
function firstFailure(): string | null {
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
