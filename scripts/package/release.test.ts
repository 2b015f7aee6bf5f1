import { describe, expect, it } from 'vitest'
import { whatReleaseLacks } from './release.ts'

const pinned = { version: '45.4.1', official: true }
const fallback = { version: '33.2.1', official: false }

const certificate = { CSC_LINK: 'certificate.p12', CSC_KEY_PASSWORD: 'password' }
const apple = { APPLE_API_KEY: 'key.p8', APPLE_API_KEY_ID: 'id', APPLE_API_ISSUER: 'issuer' }

describe('a release lacks nothing', () => {
  it.each([
    ['linux', {}],
    ['win32', certificate],
    ['darwin', { ...certificate, ...apple }],
  ] as const)('on %s, with the pinned Electron and what it is signed with', (platform, env) => {
    expect(whatReleaseLacks({ platform, env, runtime: pinned })).toEqual([])
  })
})

describe('a release is refused', () => {
  it.each(['linux', 'win32', 'darwin'] as const)('on %s with the fallback Electron', (platform) => {
    const env = { ...certificate, ...apple }
    const lacks = whatReleaseLacks({ platform, env, runtime: fallback })
    expect(lacks).toHaveLength(1)
    expect(lacks[0]).toContain('33.2.1')
  })

  it.each([
    ['win32', 'CSC_LINK'],
    ['win32', 'CSC_KEY_PASSWORD'],
    ['darwin', 'CSC_LINK'],
    ['darwin', 'CSC_KEY_PASSWORD'],
    ['darwin', 'APPLE_API_KEY'],
    ['darwin', 'APPLE_API_KEY_ID'],
    ['darwin', 'APPLE_API_ISSUER'],
  ] as const)('on %s without %s, and when it is empty', (platform, name) => {
    const all = { ...certificate, ...apple }
    for (const value of [undefined, '', ' ']) {
      const lacks = whatReleaseLacks({ platform, env: { ...all, [name]: value }, runtime: pinned })
      expect(lacks.map((sentence) => sentence.match(/[A-Z]+_[A-Z_]+/g))).toEqual([[name]])
    }
  })

  it('with everything that is missing at once', () => {
    const [electron, variables] = whatReleaseLacks({
      platform: 'darwin',
      env: {},
      runtime: fallback,
    })
    expect(electron).toContain('33.2.1')
    expect(variables?.match(/[A-Z]+_[A-Z_]+/g)).toEqual(Object.keys({ ...certificate, ...apple }))
  })
})
