import path from 'node:path'
import { expect, it } from 'vitest'
import { productName } from '../../package.json'
import { machineProfiles } from './machine-profile.ts'

it("the administrators' profile on Windows is not in the folder that an update empties", () => {
  const installed = path.win32.join(String.raw`C:\Program Files`, productName)
  expect(path.win32.relative(installed, machineProfiles.win32 ?? '')).toMatch(/^\.\./)
})
