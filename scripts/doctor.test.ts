import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'

let simulator: Simulator
let folder = ''
beforeAll(async () => {
  simulator = await startSimulator()
  folder = await mkdtemp(join(tmpdir(), 'doctor-'))
})
afterAll(async () => {
  await simulator.close()
  await rm(folder, { recursive: true })
})

/** Runs the command; a system without a browser stands for a build machine. */
function doctor(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const command = ['scripts/doctor.ts', ...args]
    execFile(process.execPath, command, { env: { PATH: folder } }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr })
    })
  })
}

async function profileWith(keys: object): Promise<string> {
  const file = join(folder, 'profile.json')
  await writeFile(file, JSON.stringify({ ...simulator.profile, ...keys }))
  return `--config=${file}`
}

it('ends with 0 where a login can work, and says what only the app can check', async () => {
  const { code, stdout } = await doctor(await profileWith({}), '--json')
  expect(code).toBe(0)
  const { findings } = JSON.parse(stdout)
  for (const subject of ['keyring', 'electron', 'sandbox', 'fuses']) {
    expect(findings).toContainEqual(expect.objectContaining({ subject, result: 'not checked' }))
  }
})

it.runIf(process.platform === 'linux')('only warns of a system without a browser', async () => {
  const { code, stdout } = await doctor(await profileWith({}))
  expect(code).toBe(0)
  expect(stdout).toMatch(/^warning +browser/m)
})

it('ends with 1 where a login cannot work, also without a profile', async () => {
  const { code, stdout } = await doctor(await profileWith({ scope: 'profile' }))
  expect([code, stdout]).toEqual([1, expect.stringContaining('scope: must hold openid')])
  expect(await doctor()).toMatchObject({ code: 1 })
})

it('ends with 2 and its usage for an option that it does not know', async () => {
  expect(await doctor('--colour')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Usage: npm run doctor'),
  })
})
