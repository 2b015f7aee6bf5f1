/** What the options that end at once need of the app around them. */
export interface CommandLineContext {
  /** As people are told it, such as `0.1.0 (Electron 45.4.1)`. */
  readonly version: string
  /** Resolves when a file is a profile for the machine; rejects with the reason. */
  readonly checkProfile: (file: string) => Promise<void>
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Exit codes of the app, as the manual page and docs/administration.md have them. */
export const exitCodes = {
  fine: 0,
  wrongProfile: 1,
  noLogin: 1,
  wrongUse: 2,
  noDataFolder: 3,
  noDisplay: 4,
} as const

const help = `Usage: idporten-desktop [option]...

Shows a window in which a person logs in to ID-porten, through the system's browser.

  --lang=<language>         nb, nn, en or se, for this run
  --user-data-dir=<folder>  where settings, log and the remembered login are kept
  --check-profile=<file>    say whether a file is a profile for this machine, and end
  --doctor                  say whether a login can work here, and what to register at Digdir, and end
  --doctor --json           the same for a tool
  --help, -h                show this, and end
  --version                 show the version, and end`

/**
 * Answers the options that need no window: `--help`, `--version` and `--check-profile=<file>`. Other options are
 * those of the app and of Chromium, and are left alone.
 *
 * @returns the exit code; null when the app is to start
 */
export async function answerCommandLine(
  args: readonly string[],
  { version, checkProfile, print, complain }: CommandLineContext,
): Promise<number | null> {
  if (args.includes('--help') || args.includes('-h')) {
    print(help)
    return exitCodes.fine
  }
  if (args.includes('--version')) {
    print(`idporten-desktop ${version}`)
    return exitCodes.fine
  }
  const option = args.findIndex((arg) => /^--check-profile(=|$)/.test(arg))
  if (option === -1) return null
  const file = args[option]?.split('=').slice(1).join('=') || args[option + 1] || ''
  if (file === '' || file.startsWith('--')) {
    complain('--check-profile needs a file: --check-profile=<file>')
    return exitCodes.wrongUse
  }
  try {
    await checkProfile(file)
    print(`${file}: a profile for this machine`)
    return exitCodes.fine
  } catch (error) {
    complain(`${file}: ${error instanceof Error ? error.message : String(error)}`)
    return exitCodes.wrongProfile
  }
}
