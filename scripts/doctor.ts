/**
 * Says whether a login can work with a profile on this computer, and what to register at Digdir, without Electron
 * and without a display. Exit code 1 when it cannot, 2 for a wrong option.
 * Usage: npm run doctor -- [--config=<profile>] [--json]
 */
import { execFile } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import process from 'node:process'
import { TLSSocket } from 'node:tls'
import { parseArgs, promisify } from 'node:util'
import { diagnose, type Finding, finding, notChecked } from '../main/doctor/diagnosis.ts'
import { report } from '../main/doctor/report.ts'
import { AppError } from '../main/errors.ts'
import { findMachineProfile } from '../main/platform/machine-profile.ts'
import { type ProfilePlace, readProfile } from '../main/session/profile.ts'

const usage = 'Usage: npm run doctor -- [--config=<profile>] [--json]'
const onlyInElectron = 'only the app can tell: start it with --doctor'

async function findProfile(named: string | undefined): Promise<ProfilePlace> {
  if (named !== undefined) return { file: named, read: () => readProfile(named, 'command-line') }
  const detail = { key: 'file', reason: 'none was named: --config=<profile>' }
  const none = new AppError('E_PROFILE_INVALID', `profile: ${detail.reason}`, { detail })
  return (await findMachineProfile()) ?? { file: 'no profile', read: () => Promise.reject(none) }
}

async function checkBrowser(): Promise<Finding> {
  if (process.platform !== 'linux') return finding('browser', 'not checked', onlyInElectron)
  const handler = ['query', 'default', 'x-scheme-handler/https']
  const { stdout } = await promisify(execFile)('xdg-mime', handler).catch(() => ({ stdout: '' }))
  const name = stdout.trim()
  if (name === '') return finding('browser', 'warning', 'the system names none for https')
  return finding('browser', 'ok', name)
}

/** Tells of whom the certificates are that Node's fetch is shown and accepts. */
function watchCertificates(): () => string {
  let certificate = ''
  subscribe('undici:client:connected', (message) => {
    const { socket } = Object(message)
    if (!(socket instanceof TLSSocket)) return
    const { issuer, valid_to: until } = socket.getPeerCertificate()
    const name = [issuer.CN ?? issuer.O].flat().join(' ')
    certificate = `, with a certificate by ${name} until ${until}`
  })
  return () => certificate
}

async function run(config: string | undefined, json: boolean): Promise<boolean> {
  const certificate = watchCertificates()
  const diagnosis = await diagnose({
    findProfile: () => findProfile(config),
    fetch,
    route: async () =>
      `asked by Node, which knows neither the system's proxy nor its certificates${certificate()}`,
    checkRuntime: async () => [
      await checkBrowser(),
      ...notChecked(onlyInElectron, 'keyring', 'electron', 'sandbox', 'fuses'),
    ],
  })
  process.stdout.write(report(diagnosis, json))
  return diagnosis.canLogIn
}

try {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  process.exitCode = (await run(values.config, values.json)) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  process.exitCode = 2
}
