import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
/** The walls of docs/architecture.md: what a file says, and whether lint lets it stand there. */
const cases: readonly (readonly [file: string, line: string, stands: boolean])[] = [
  ['renderer/x.ts', "import { app } from 'electron'", false],
  ['renderer/x.ts', "import { join } from 'node:path'", false],
  ['renderer/x.ts', "import { x } from '../main/login/errors.ts'", false],
  ['renderer/x.ts', 'window.idporten.signIn()', false],
  ['renderer/bridge.ts', 'window.idporten.signIn()', true],
  ['renderer/x.ts', "import { x } from '../preload/contract.ts'", true],
  ['main/login/x.ts', "import { app } from 'electron'", false],
  ['main/login/x.ts', "import { x } from '../platform/log.ts'", false],
  ['main/login/x.ts', "import { x } from '../errors.ts'", false],
  ['main/login/tokens/x.ts', "import { x } from '../errors.ts'", true],
  ['main/login/tokens/x.ts', "import { x } from '../../errors.ts'", false],
  ['main/login/tokens/x.ts', "import { x } from '../../session/view.ts'", false],
  ['main/login/command/x.ts', "import { x } from '../index.ts'", true],
  ['main/login/command/x.ts', "import { x } from '../../session/profile.ts'", false],
  ['main/session/x.ts', "import { app } from 'electron'", false],
  ['main/doctor/x.ts', "import { app } from 'electron'", false],
  ['main/doctor/x.ts', "import { x } from '../platform/log.ts'", false],
  ['main/doctor/x.ts', "import { x } from '../session/profile.ts'", true],
  ['main/platform/x.ts', "import { app } from 'electron'", true],
  ['main/session/x.ts', "import { x } from '../login/base/http.ts'", false],
  ['main/session/x.ts', "import { x } from '../login/index.ts'", true],
  ['main/platform/x.ts', "import { x } from '../login/errors.ts'", false],
  ['main/platform/x.ts', "import { shell } from 'electron'", false],
  ['main/platform/browser.ts', "import { shell } from 'electron'", true],
  ['main/platform/x.ts', "import { ipcMain } from 'electron'", false],
  ['main/ipc.ts', "import { ipcMain } from 'electron'", true],
  ['main/ipc.ts', "import { shell } from 'electron'", false],
  ['main/platform/x.ts', "import { safeStorage } from 'electron'", false],
  ['main/platform/x.ts', "import { ipcRenderer } from 'electron'", false],
  ['preload/index.ts', "import { ipcRenderer } from 'electron'", true],
  ['preload/contract.ts', "import { ipcRenderer } from 'electron'", false],
  ['main/x.ts', "import { x } from '../simulator/simulator.ts'", false],
  ['main/login/x.ts', "import { x } from '../../test/support/app.ts'", false],
  ['simulator/x.ts', "import { x } from '../test/support/browser.ts'", false],
  ['main/login/x.test.ts', "import { x } from '../../test/support/app.ts'", true],
]

/** What oxlint says of a place, in its JSON format; as far as it is read here. */
interface Report {
  readonly diagnostics: readonly {
    readonly code: string
    readonly filename: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}

describe('lint keeps the walls', () => {
  let folder = ''
  const refused = new Set<string>()
  /** Where a case is: several can be about one file, and each has a line of its own there. */
  const places = cases.map(([file], index) => {
    const line = cases.slice(0, index).filter(([former]) => former === file).length + 1
    return `${file}:${line}`
  })

  // One start of oxlint for all of them.
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'walls-'))
    copyFileSync('oxlint.config.ts', path.join(folder, 'oxlint.config.ts'))
    for (const [file] of cases) {
      const target = path.join(folder, file)
      mkdirSync(path.dirname(target), { recursive: true })
      const lines = cases.filter(([other]) => other === file)
      // A name may be imported once in a file.
      const text = lines.map(([, line], index) =>
        line.replace(/\{ (\w+) \}/, `{ $1 as a${index} }`),
      )
      writeFileSync(target, `${text.join('\n')}\n`)
    }
    const oxlint = path.resolve('node_modules/oxlint/bin/oxlint')
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const { diagnostics }: Report = JSON.parse(stdout)
    for (const { code, filename, labels } of diagnostics) {
      if (!code.includes('no-restricted-')) continue
      for (const { span } of labels) refused.add(`${filename.replaceAll('\\', '/')}:${span.line}`)
    }
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  test.each(cases.map((each, index) => [...each, index] as const))(
    '%s: %s stands: %s',
    (_file, _line, stands, index) => {
      expect(refused.has(places[index] ?? '')).toBe(!stands)
    },
  )
})
