/**
 * The system packages that Linux needs: found by what they bring, named for Debian and Ubuntu.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { SetupError } from './failures.mjs'
import { say } from './progress.mjs'

/** @typedef {{ package: string, commands?: string[], library?: string, file?: string, python?: string }} Need */

/** What Electron itself links or loads.
 * @type {readonly Need[]} */
const electron = [
  { package: 'xdg-utils', commands: ['xdg-open'] },
  { package: 'libnss3', library: 'libnss3.so' },
  { package: 'libatk1.0-0', library: 'libatk-1.0.so.0' },
  { package: 'libatk-bridge2.0-0', library: 'libatk-bridge-2.0.so.0' },
  { package: 'libcups2', library: 'libcups.so.2' },
  { package: 'libgtk-3-0', library: 'libgtk-3.so.0' },
  { package: 'libgbm1', library: 'libgbm.so.1' },
  { package: 'libasound2', library: 'libasound.so.2' },
  { package: 'libxss1', library: 'libXss.so.1' },
  { package: 'libxtst6', library: 'libXtst.so.6' },
  { package: 'libsecret-1-0', library: 'libsecret-1.so.0' },
]

/** Names under which a Chromium is found; Debian's comes first. */
export const browserCommands = ['chromium', 'google-chrome', 'google-chrome-stable']

/** A login without a screen: a display, a session bus and the system browser.
 * @type {readonly Need[]} */
const headless = [
  { package: 'xvfb', commands: ['Xvfb'] },
  { package: 'dbus-x11', commands: ['dbus-launch'] },
  { package: 'dbus', commands: ['dbus-run-session'] },
  { package: 'chromium', commands: browserCommands },
]

/** The end-to-end tests also use a keyring and browser certificates.
 * @type {readonly Need[]} */
const tests = [
  { package: 'xauth', commands: ['xauth'] },
  { package: 'gnome-keyring', commands: ['gnome-keyring-daemon'] },
  { package: 'libnss3-tools', commands: ['certutil'] },
]

/** What packs for Debian, and for Fedora and others.
 * @type {readonly Need[]} */
const deb = [
  { package: 'debhelper', commands: ['dh'] },
  { package: 'dpkg-dev', commands: ['dpkg-shlibdeps'] },
  { package: 'make', commands: ['make'] },
]
/** @type {readonly Need[]} */
const rpm = [{ package: 'rpm', commands: ['rpmbuild'] }]

/** What judges packages.
 * @type {readonly Need[]} */
const packageChecks = [
  { package: 'lintian', commands: ['lintian'] },
  { package: 'rpmlint', commands: ['rpmlint'] },
  { package: 'appstream', commands: ['appstreamcli'] },
  { package: 'desktop-file-utils', commands: ['desktop-file-validate'] },
  { package: 'man-db', commands: ['man'] },
  { package: 'faketime', commands: ['faketime'] },
]

/** The desktop's accessibility tree, as a screen reader gets it.
 * @type {readonly Need[]} */
const screenReader = [
  { package: 'at-spi2-core', file: '/usr/share/dbus-1/services/org.a11y.Bus.service' },
  { package: 'python3-gi', python: 'import gi' },
  { package: 'gir1.2-atspi-2.0', python: 'import gi; gi.require_version("Atspi", "2.0")' },
]

const needs = {
  window: electron,
  headless: [...electron, ...headless],
  tests: [...electron, ...headless, ...tests, ...deb],
  allTests: [...electron, ...headless, ...tests, ...deb, ...rpm, ...packageChecks, ...screenReader],
  deb: [...electron, ...deb],
  rpm: [...electron, ...rpm],
}

/** @typedef {keyof typeof needs} Purpose */

/**
 * Finds a command on the PATH. Ubuntu's chromium is a snap, which cannot use the folders of the
 * tests, so commands that lead into snaps are passed over.
 *
 * @param {readonly string[]} names
 * @returns {string | undefined}
 */
export function findCommand(names) {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin']
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return !realpathSync(file).split(path.sep).includes('snap')
      } catch {
        return false
      }
    })
}

/**
 * Finds what this distribution calls the packages: newer ones call rebuilt libraries `…t64`. One
 * unknown name would keep apt-get from installing the others, so it is told apart.
 *
 * @param {readonly string[]} packages
 * @param {(name: string) => boolean} exists
 * @returns {{ names: string[], unknown: string[] }}
 */
export function packageNames(packages, exists) {
  const found = packages.map((name) => [`${name}t64`, name].find((candidate) => exists(candidate)))
  return {
    names: found.filter((name) => name !== undefined),
    unknown: packages.filter((_, index) => found[index] === undefined),
  }
}

/**
 * Asks the Python of the system, for which alone packages bring modules.
 *
 * @param {string} program
 */
const canRun = (program) =>
  spawnSync('/usr/bin/python3', ['-c', program], { stdio: 'ignore' }).status === 0

/** @param {Purpose} purpose */
function missingPackages(purpose) {
  const libraries = spawnSync(findCommand(['ldconfig']) ?? 'ldconfig', ['-p'], {
    encoding: 'utf8',
  }).stdout
  return needs[purpose]
    .filter(
      ({ commands, library, file, python }) =>
        (commands !== undefined && findCommand(commands) === undefined) ||
        (file !== undefined && !existsSync(file)) ||
        (python !== undefined && !canRun(python)) ||
        (library !== undefined && !libraries?.includes(`${library} `)),
    )
    .map((need) => need.package)
}

/**
 * Virtual packages are known to apt-cache, but have nothing to show.
 *
 * @param {string} name
 */
const existsInApt = (name) =>
  Boolean(spawnSync('apt-cache', ['show', '--no-all-versions', name], { encoding: 'utf8' }).stdout)

/** Images of containers come without the lists, until `apt-get update` brings them. */
const knowsPackages = () =>
  existsSync(aptLists) && readdirSync(aptLists).some((name) => name.includes('_Packages'))
const aptLists = '/var/lib/apt/lists'

/**
 * Sees to it that the system has what a purpose needs: installs it as root on Debian and Ubuntu.
 *
 * @param {Purpose} purpose
 * @throws {SetupError} with the command to run when it may not or cannot
 */
export function provideSystemPackages(purpose) {
  if (process.platform !== 'linux') return
  const missing = missingPackages(purpose)
  if (missing.length === 0) return
  if (!existsSync('/usr/bin/apt-get')) {
    throw new SetupError(
      `System packages are missing. On Debian they are called: ${missing.join(' ')}. Install what ` +
        'this distribution calls them, and run the command again.',
    )
  }
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    say(`Installing system packages: ${missing.join(' ')}`)
    aptGet(['update', '-q'])
  }
  const { names, unknown } = packageNames(
    missing,
    knowsPackages() ? existsInApt : (name) => !name.endsWith('t64'),
  )
  if (!isRoot) throw new SetupError(installMessage(names, unknown))
  if (names.length > 0) aptGet(['install', '-y', '-q', ...names])
  const still = missingPackages(purpose)
  if (still.length > 0) throw new SetupError(installMessage([], still))
}

/**
 * @param {readonly string[]} names packages that apt-get knows
 * @param {readonly string[]} others that it does not know, or has installed in vain
 * @returns {string}
 */
export function installMessage(names, others) {
  return [
    'System packages are missing. Install them, and run the command again:',
    ...(names.length > 0
      ? [`  sudo apt-get update && sudo apt-get install -y ${names.join(' ')}`]
      : []),
    ...(others.length > 0 ? [`  apt-get does not bring: ${others.join(' ')}`] : []),
    ...([...names, ...others].includes('chromium')
      ? [
          'Where chromium is only a snap (Ubuntu), install Google Chrome instead, as a Debian package: ' +
            'https://www.google.com/chrome/',
        ]
      : []),
  ].join('\n')
}

/** Says beforehand what Electron's sandbox will miss: its own message does not tell what to do. */
export function checkSandbox() {
  if (process.platform !== 'linux') return
  const { status } = spawnSync('unshare', ['--user', '--map-root-user', 'true'], {
    stdio: 'ignore',
  })
  if (status === 0 || status === null) return
  say(
    'This user may not create user namespaces, which the sandbox of Electron and Chromium needs. ' +
      'On Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0. ' +
      'In a container: start it with a seccomp profile that allows them.',
  )
}

/** @param {string[]} args */
function aptGet(args) {
  const { status } = spawnSync('apt-get', args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) {
    throw new SetupError(
      `apt-get ${args.join(' ')} failed: its own message is above. Without a network, connect this ` +
        'machine and run the command again.',
    )
  }
}
