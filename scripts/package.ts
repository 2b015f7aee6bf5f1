/**
 * Builds the app and packs it for this platform into `dist/`, with whichever Electron is at hand: the unpacked folder,
 * and on Linux a tar.gz, a deb and an rpm, on Windows an MSI and an NSIS installer, on macOS a dmg and a zip, with their
 * sums in `SHA256SUMS`. `npm run package -- …`:
 *
 * - `--release` refuses every Electron but the pinned one, and on Windows and macOS to leave the app unsigned
 * - `--only=deb,tar.gz` packs some of the formats (Linux); `--only=` leaves it at the unpacked folder
 * - `--fast` compresses less, for tests
 * - `--verify` builds a second time, elsewhere, and compares every byte (Linux)
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { provideElectron } from './bootstrap/electron-runtime.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { say } from './bootstrap/progress.mjs'
import { type Format, formats, packForLinux } from './package/linux.ts'
import { whatReleaseLacks } from './package/release.ts'
import { listSums, writeSums } from './package/sums.ts'
import { buildUnpacked } from './package/unpacked.ts'
import { verify } from './package/verify.ts'

const { values } = parseArgs({
  options: {
    release: { type: 'boolean', default: false },
    only: { type: 'string', default: formats.join() },
    fast: { type: 'boolean', default: false },
    verify: { type: 'boolean', default: false },
  },
})

function chosenFormats(): Format[] {
  const asked = values.only.split(',').filter((name) => name !== '')
  const unknown = asked.filter((name) => !formats.some((format) => format === name))
  if (unknown.length > 0) {
    throw new SetupError(`Unknown format: ${unknown.join(' ')}. Choose of ${formats.join(' ')}.`)
  }
  return formats.filter((format) => asked.includes(format))
}

try {
  const isLinux = process.platform === 'linux'
  const wanted = chosenFormats()
  if (!isLinux && (values.verify || (wanted.length > 0 && wanted.length < formats.length))) {
    throw new SetupError('To verify, or to pack some of the formats, works on Linux alone.')
  }
  const electron = await provideElectron()
  const lacks = values.release ? whatReleaseLacks({ runtime: electron }) : []
  if (lacks.length > 0) throw new SetupError(lacks.join('\n'))

  await buildUnpacked(electron, { installers: wanted.length > 0, release: values.release })
  const failed = isLinux ? await packForLinux(wanted, { fast: values.fast }) : []
  await writeSums()
  if (values.verify && failed.length === 0) await verify(wanted, { fast: values.fast })
  await listSums()
  if (failed.length > 0) {
    throw new SetupError(`Not built: ${failed.join(' ')}. The reason is said above.`)
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}
