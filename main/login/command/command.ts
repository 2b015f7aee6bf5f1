#!/usr/bin/env node
/** The command `idporten-login`: one login from a terminal. Its options and exit codes are in the README of the package. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { plain } from '../error-map.ts'
import { isLoginError, type Login, startLogin } from '../index.ts'
import { openInBrowser } from './browser.ts'
import { type Asked, readProfile, WrongUse } from './profile.ts'
import { eventLine, failureLine, loginJson, loginText, stepLine } from './words.ts'

const usage = `Usage: idporten-login --profile=<file> [option]... [--exec <command> [argument]...]
       idporten-login --issuer=<address> --client-id=<id> [option]... [--exec <command> [argument]...]

Logs a person in to ID-porten in the system's browser, and prints the claims of the tokens.

  --profile=<file>     what to ask for: a profile of ID-porten Desktop
  --issuer=<address>   the provider, in place of a profile
  --client-id=<id>     the client, in place of a profile
  --json               print one line of JSON
  --show-pid           print personal numbers whole; else their last five digits are hidden
  --show-token         print the access token too: whoever sees it can use it
  --exec <command> …   then run a command, with the access token in IDPORTEN_ACCESS_TOKEN;
                       everything that follows is the command's
  --help, -h           show this, and end
  --version            show the version, and end

Exit codes: 0 signed in, 1 not signed in, 2 wrong use or a wrong profile, 130 cancelled by Ctrl+C;
with --exec that of the command, 126 when it cannot be run, 127 when there is none.`

const exitCodes = { fine: 0, notSignedIn: 1, wrongUse: 2, notRunnable: 126, notFound: 127 } as const
const tokenVariable = 'IDPORTEN_ACCESS_TOKEN'
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const tell = (text: string): void => void process.stderr.write(`${text}\n`)

/** Splits the arguments at `--exec`: what follows is the command's own, and none of it is read here. */
function readArguments(all: readonly string[]) {
  const at = all.indexOf('--exec')
  const exec = at === -1 ? null : all.slice(at + 1)
  try {
    const { values } = parseArgs({
      args: at === -1 ? [...all] : all.slice(0, at),
      options: {
        profile: { type: 'string' },
        issuer: { type: 'string' },
        'client-id': { type: 'string' },
        json: { type: 'boolean', default: false },
        'show-pid': { type: 'boolean', default: false },
        'show-token': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    })
    return { values, exec }
  } catch (cause) {
    throw new WrongUse(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
type Arguments = ReturnType<typeof readArguments>

/** What the login is asked with: of a profile, or of two options in its place. */
async function readAsked({ values, exec }: Arguments): Promise<Asked> {
  const { profile, issuer, 'client-id': clientId } = values
  if (exec?.length === 0) throw new WrongUse('--exec needs a command')
  if (profile !== undefined && (issuer !== undefined || clientId !== undefined)) {
    throw new WrongUse('--profile stands in place of --issuer and --client-id')
  }
  const asked =
    profile === undefined
      ? { issuer: issuer ?? '', clientId: clientId ?? '' }
      : await readProfile(profile)
  if (asked.issuer === '' || asked.clientId === '') {
    throw new WrongUse('--profile=<file> is needed, or --issuer=<address> and --client-id=<id>')
  }
  if (exec !== null && asked.dpop === true) {
    throw new WrongUse(
      '--exec: a token of a profile with dpop works only with a key that stays here',
    )
  }
  return asked
}

/**
 * Logs in, and tells what happens.
 *
 * @returns the login, or the exit code of one that did not succeed
 */
async function logIn(asked: Asked): Promise<Login | number> {
  let ended: NodeJS.Signals | null = null
  let came = false
  let linkTold = false
  const tellLink = (link: string | null): void => {
    if (link === null || linkTold) return
    linkTold = true
    tell(`Open this address in a browser on this computer, once: ${link}`)
  }
  const attempt = startLogin({
    ...asked,
    openBrowser: (address) =>
      openInBrowser(address, (reason) => {
        if (came) return
        tell(`No browser was opened: ${reason}.`)
        tellLink(address)
      }),
    onEvent: (event) => {
      came ||= event.type === 'browser-arrived'
      const line = eventLine(event)
      if (line !== null) tell(line)
      // A link that cannot be had is no end of the login.
      if (event.type === 'hint' && !linkTold) void attempt.link().then(tellLink, () => {})
    },
    onTrace: (step) => tell(stepLine(step)),
  })
  const end = (signal: NodeJS.Signals): void => {
    ended = signal
    attempt.cancel()
  }
  for (const signal of endings) process.once(signal, end)
  try {
    const login = await attempt.result
    if (login !== null) return login
    tell('Cancelled.')
    return exitCodeOf(ended ?? 'SIGINT')
  } catch (error) {
    if (!isLoginError(error)) throw error
    tell(failureLine(error, attempt.reference))
    return exitCodes.notSignedIn
  } finally {
    for (const signal of endings) process.off(signal, end)
  }
}

/** As shells count the end by a signal. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** Runs the command that was asked for, the only one that gets the token; gives its exit code. */
async function runCommand([command = '', ...args]: readonly string[], login: Login) {
  try {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, [tokenVariable]: login.accessToken.reveal() },
    })
    const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
    // The terminal tells the command itself of Ctrl+C.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', passOn).on('SIGHUP', passOn)
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        resolve(signal === null ? (code ?? exitCodes.notRunnable) : exitCodeOf(signal))
      })
    })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    tell(`--exec: ${command}: ${isMissing ? 'is not there' : 'cannot be run'}`)
    return isMissing ? exitCodes.notFound : exitCodes.notRunnable
  }
}

async function run(all: readonly string[]): Promise<number> {
  const { values, exec } = readArguments(all)
  if (values.help) {
    print(usage)
    return exitCodes.fine
  }
  if (values.version) {
    const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
    print(`idporten-login ${JSON.parse(manifest).version}`)
    return exitCodes.fine
  }
  const login = await logIn(await readAsked({ values, exec }))
  if (typeof login === 'number') return login
  const shown = { pid: values['show-pid'], token: values['show-token'] }
  // With a command the output is that of the command, unless JSON was asked for.
  if (values.json) print(loginJson(login, shown))
  else (exec === null ? print : tell)(loginText(login, shown))
  return exec === null ? exitCodes.fine : await runCommand(exec, login)
}

// A reader that has gone, as in `| head`, is no failure of the login.
process.stdout.on('error', () => {})
try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof WrongUse)) throw error
  tell(`idporten-login: ${plain(error.message)} (--help shows the options)`)
  process.exitCode = exitCodes.wrongUse
}
