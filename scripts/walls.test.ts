import { execFileSync } from 'node:child_process'
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
  ['main/session/x.ts', "import { app } from 'electron'", false],
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

describe('lint keeps the walls', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'walls-'))
    copyFileSync('oxlint.config.ts', path.join(folder, 'oxlint.config.ts'))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  test.each(cases)('%s: %s stands: %s', (file, line, stands) => {
    const target = path.join(folder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, `${line}\n`)
    expect(restricted(folder, file)).toBe(!stands)
  })
})

function restricted(folder: string, file: string): boolean {
  const oxlint = path.resolve('node_modules/oxlint/bin/oxlint')
  try {
    execFileSync(process.execPath, [oxlint, '--format=unix', file], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return false
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    return said.includes('no-restricted-')
  }
}
