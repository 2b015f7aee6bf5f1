import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Window } from 'happy-dom'
import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { machineProfiles } from '../main/platform/profile-location.ts'

// Installers for macOS and Windows are not built here: their settings are read as data instead.
vi.mock('electron', () => ({}))

const settings = v.parse(
  v.looseObject({
    productName: v.string(),
    linux: v.looseObject({ target: v.array(v.string()) }),
    win: v.looseObject({ target: v.array(v.string()) }),
    mac: v.looseObject({
      target: v.array(v.string()),
      hardenedRuntime: v.boolean(),
      entitlements: v.string(),
      entitlementsInherit: v.string(),
    }),
    nsis: v.looseObject({}),
  }),
  parse(readFileSync('electron-builder.yml', 'utf8')),
)

/** The keys of a property list that are true; anything but true is an error. */
function grantedBy(file: string): string[] {
  const { DOMParser } = new Window()
  const list = new DOMParser().parseFromString(readFileSync(file, 'utf8'), 'application/xml')
  const entries = [...(list.querySelector('plist > dict')?.children ?? [])]
  const names = entries.filter((_, number) => number % 2 === 0)
  const values = entries.filter((_, number) => number % 2 === 1)
  expect(names.every(({ tagName }) => tagName === 'key')).toBe(true)
  expect(values.every(({ tagName }) => tagName === 'true')).toBe(true)
  expect(values).toHaveLength(names.length)
  return names.map(({ textContent }) => textContent)
}

describe('on macOS', () => {
  it.each(['entitlements', 'entitlementsInherit'] as const)(
    '%s allow V8 to compile, and no foreign library, no changed code and no variables of the loader',
    (kind) => {
      expect(grantedBy(settings.mac[kind])).toEqual(['com.apple.security.cs.allow-jit'])
    },
  )

  it('the hardened runtime, without which entitlements restrict nothing, is on', () => {
    expect(settings.mac.hardenedRuntime).toBe(true)
  })

  it('the builder’s own list, which is not used, grants more', () => {
    const own = grantedBy('node_modules/app-builder-lib/templates/entitlements.mac.plist')
    expect(own).toContain('com.apple.security.cs.disable-library-validation')
  })
})

describe('the administrators’ profile is outlived by no installer', () => {
  it('on Windows: it is not in the folder that an update empties, and nothing else is removed', () => {
    const installed = path.win32.join(String.raw`C:\Program Files`, settings.productName)
    const profile = machineProfiles.win32 ?? ''
    expect(path.win32.relative(installed, profile)).toMatch(/^\.\./)
    // A script of ours could remove more, and so could the choice of another folder.
    expect(settings.nsis).toEqual({ oneClick: false, perMachine: true })
    expect(settings.win.target).toEqual(['nsis'])
  })

  it('on Linux and macOS: what is built runs no script when it is removed', () => {
    expect(settings.linux.target).toEqual(['dir'])
    expect(settings.mac.target).toEqual(['dmg'])
  })
})
