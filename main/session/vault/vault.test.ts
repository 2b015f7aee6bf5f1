import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants, readFileSync, writeFileSync } from 'node:fs'
import {
  access,
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../errors.ts'
import { systemClock } from '../../login/base/clock.ts'
import { Secret } from '../../login/base/secret.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { createTestCipher, storedOf, owner, watchFileCalls } from '../../../test/support/vault.ts'
import { Damaged, vaultUnavailable } from './failures.ts'
import type { Cipher } from './seal.ts'
import { readContent, type StoredSession } from './stored-session.ts'
import { createVault } from './vault.ts'
import { runs, seed, thorough } from '../../../test/support/thorough.ts'

let folder = ''
let file = ''
let errors: unknown[] = []
const cipher = createTestCipher()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idporten-desktop-vault-'))
  file = join(folder, 'vault')
  errors = []
})
afterEach(async () => {
  await chmod(folder, 0o700)
  await rm(folder, { recursive: true })
})

const open = (change: Partial<Parameters<typeof createVault>[0]> = {}) =>
  createVault({
    folder,
    cipher,
    clock: systemClock,
    onError: (error) => errors.push(error),
    ...change,
  })
/** What another run of the app would find. */
const subjectOf = (stored: StoredSession | null) =>
  stored === null ? null : String(stored.claims['sub'])
const subject = async () => subjectOf(await open().read(owner))
const names = async () => (await readdir(folder)).toSorted()
const temporaryName = /^vault\.[0-9a-f]{16}\.tmp$/
const reasonOf = async (promise: Promise<unknown>) => {
  const { code, detail } = await failureOf(promise, AppError)
  expect(code).toBe('E_VAULT_UNAVAILABLE')
  expect(detail?.key).toBe('vault')
  return detail?.reason
}
/** A call that the test lets go on when it likes. */
const gate = () => {
  let release = (): void => {}
  const opened = new Promise<void>((resolve) => {
    release = resolve
  })
  return { opened, release: () => release() }
}

describe('what was decrypted', () => {
  const content = {
    issuer: owner.issuer,
    clientId: owner.clientId,
    refreshToken: 'a-refresh-token',
    refreshTokenExpiresAt: null,
    proofKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' },
    nonce: 'a-nonce',
    scope: ['openid'],
    claims: { sub: 'a' },
    activeAt: 0,
  }

  it.each([
    ['is no JSON', '{', 'not JSON'],
    ['lacks what a session has', '{}', 'holds something else'],
    ['has another key for proofs', { proofKey: {} }, 'holds something else'],
  ])('is refused when it %s; the right one is taken', (_, change, reason) => {
    const text = typeof change === 'string' ? change : JSON.stringify({ ...content, ...change })
    expect(() => readContent(text)).toThrow(new Damaged(reason))
    const { refreshToken, claims } = readContent(JSON.stringify(content))
    expect([refreshToken.reveal(), claims]).toEqual(['a-refresh-token', { sub: 'a' }])
  })
})

describe('the vault', () => {
  it('gives back what was kept, in another run too', async () => {
    const kept = storedOf('a', { refreshTokenExpiresAt: null, proofKey: null })
    await open().write(kept)
    const read = await open().read(owner)
    expect(read).toEqual(kept)
    expect(read?.refreshToken.reveal()).toBe(kept.refreshToken.reveal())
    expect(read?.nonce.reveal()).toBe(kept.nonce.reveal())
    const bound = storedOf('b')
    await open().write(bound)
    expect(await open().read(owner)).toEqual(bound)
    expect(errors).toEqual([])
  })

  it('is empty at first, and makes its folder itself', async () => {
    const deeper = join(folder, 'not', 'yet')
    expect(await open({ folder: deeper }).read(owner)).toBeNull()
    expect(errors).toEqual([])
    await open({ folder: deeper }).write(storedOf('a'))
    expect((await stat(deeper)).mode & 0o777).toBe(0o700)
    expect(await open({ folder: deeper }).read(owner)).not.toBeNull()
  })

  it('is one file that only its owner can read, and that says nothing', async () => {
    await open().write(storedOf('somebody'))
    await open().write(storedOf('somebody'))
    expect(await names()).toEqual(['vault'])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const bytes = await readFile(file, 'latin1')
    for (const text of ['refresh-token', 'somebody', 'issuer.test', 'client', 'nonce', 'private']) {
      expect(bytes).not.toContain(text)
    }
  })

  it('is on the disk before it gets its name, and its name is before a write ends', async () => {
    const calls: string[] = []
    const stop = watchFileCalls((call, when) => {
      if (when === 'before') calls.push(call)
    })
    await open().write(storedOf('a')).finally(stop)
    const steps = ['mkdir', 'lstat', 'open', 'writeFile', 'sync', 'close', 'rename']
    expect(calls).toEqual([...steps, 'open', 'sync', 'close'])
  })

  it('leaves no file open that it has read', async () => {
    await open().write(storedOf('a'))
    const calls: string[] = []
    const stop = watchFileCalls((call, when) => {
      if (when === 'before') calls.push(call)
    })
    await open().read(owner).finally(stop)
    expect(calls.slice(-3)).toEqual(['open', 'readFile', 'close'])
  })

  it('never writes the same bytes twice', async () => {
    await open().write(storedOf('a'))
    const first = await readFile(file)
    await open().write(storedOf('a'))
    expect((await readFile(file)).equals(first)).toBe(false)
  })

  it('is gone after clear, with all that was left beside it', async () => {
    await writeFile(join(folder, 'other'), '')
    await open().clear()
    await open().write(storedOf('a'))
    await mkdir(join(folder, 'vault.bad'))
    await writeFile(join(folder, 'vault.bad', 'x'), '')
    await writeFile(join(folder, 'vault.0123456789abcdef.tmp'), '')
    await open().clear()
    expect(await names()).toEqual(['other'])
    await mkdir(file)
    await open().clear()
    expect(await names()).toEqual(['other'])
    expect(await subject()).toBeNull()
    expect(errors).toEqual([])
  })

  it('keeps 16 kB of tokens, and refuses what no provider sends', async () => {
    const long = new Secret('x'.repeat(16_000))
    await open().write(storedOf('long', { refreshToken: long }))
    expect((await open().read(owner))?.refreshToken.reveal()).toBe(long.reveal())
    const longer = storedOf('longer', { claims: { sub: 'longer', text: 'x'.repeat(64 * 1024) } })
    expect(await reasonOf(open().write(longer))).toBe('too much to keep')
    expect(await reasonOf(open().write(storedOf('', {})))).toBe('claims.sub cannot be kept')
    const noTime = storedOf('a', { refreshTokenExpiresAt: Number.NaN })
    expect(await reasonOf(open().write(noTime))).toBe('refreshTokenExpiresAt cannot be kept')
    const endless: Record<string, unknown> = { sub: 'a' }
    endless['endless'] = endless
    expect(await reasonOf(open().write(storedOf('a', { claims: endless })))).toBe(
      'the file could not be written (unknown)',
    )
    expect(await subject()).toBe('long')
  })

  it('keeps as much as a file may hold, and not a byte more', async () => {
    const most = 64 * 1024
    const of = (length: number) => storedOf('a', { claims: { sub: 'a', text: 'x'.repeat(length) } })
    await open().write(of(0))
    const room = most - (await stat(file)).size
    expect(await reasonOf(open().write(of(room + 1)))).toBe('too much to keep')
    await open().write(of(room))
    expect([(await stat(file)).size, await subject()]).toEqual([most, 'a'])
  })
})

describe('a file that is of no use is put aside, and the person is signed out', () => {
  /** Tells why the file was put aside; the run after that finds nothing, and can remember a new login. */
  const putAside = async () => {
    errors = []
    expect(await subject()).toBeNull()
    const [reason, ...others] = errors.map(String)
    expect(others).toEqual([])
    expect(await names()).toEqual(['vault.bad'])
    errors = []
    expect(await subject()).toBeNull()
    expect(errors).toEqual([])
    await open().write(storedOf('new'))
    expect(await subject()).toBe('new')
    return reason?.replace('Damaged: vault: ', '')
  }

  it.each([
    ['zero bytes', Buffer.alloc(0), 'not a vault'],
    ['a start', Buffer.from('IDP'), 'not a vault'],
    ['nothing but the start', Buffer.from('IDPV'), 'of another version'],
    ['garbage', randomBytes(2000), 'not a vault'],
    ['NUL bytes, as after a power failure', Buffer.alloc(2000), 'not a vault'],
    ['JSON', Buffer.from('{"version":1}'), 'not a vault'],
    [
      'a right start and garbage',
      Buffer.from(`IDPV\u0002\0\u0001${'x'.repeat(99)}`),
      'the system could not decrypt',
    ],
    ['a length beyond the end', Buffer.from('IDPV\u0002\u007F\u007Fxxxxx'), 'cut off'],
    ['huge', Buffer.alloc(64 * 1024 + 1, 'IDPV\u0002'), 'huge'],
  ])('%s', async (_name, bytes, reason) => {
    await writeFile(file, bytes)
    expect(await putAside()).toBe(reason)
  })

  it('one gigabyte, without reading it', async () => {
    await writeFile(file, '')
    await truncate(file, 1024 ** 3)
    const before = performance.now()
    expect(await putAside()).toBe('huge')
    expect(performance.now() - before).toBeLessThan(2000)
  })

  it('another version', async () => {
    await open().write(storedOf('a'))
    const bytes = await readFile(file)
    bytes.writeUInt8(1, 4)
    await writeFile(file, bytes)
    expect(await putAside()).toBe('of another version')
  })

  it.each([
    ['issuer', { issuer: 'https://other.test' }],
    ['client', { clientId: 'other' }],
    ['issuer but for a slash', { issuer: `${owner.issuer}/` }],
  ])('of another %s', async (_name, change) => {
    await open().write(storedOf('a', change))
    expect(await putAside()).toBe('of another issuer or client')
  })

  it('of another person of this computer, whose key is another', async () => {
    await open({ cipher: createTestCipher() }).write(storedOf('stranger'))
    errors = []
    expect(await subject()).toBeNull()
    expect(await names()).toEqual(['vault.bad'])
  })

  it('with the text of one and the key of another', async () => {
    await open().write(storedOf('a'))
    const one = await readFile(file)
    await open().write(storedOf('b'))
    const other = await readFile(file)
    expect(other.length).toBe(one.length)
    const textAt = 7 + one.readUInt16BE(5)
    await writeFile(file, Buffer.concat([one.subarray(0, textAt), other.subarray(textAt)]))
    expect(await putAside()).toBe('changed')
  })

  it('a folder in its place', async () => {
    await mkdir(file)
    await writeFile(join(file, 'x'), 'x')
    expect(await putAside()).toBe('not a plain file')
  })

  it('a link to a real vault in its place, which is not followed', async () => {
    const real = join(await mkdtemp(join(folder, 'elsewhere-')), 'real')
    await open().write(storedOf('a'))
    const bytes = await readFile(file)
    await writeFile(real, bytes)
    await rm(file)
    await symlink(real, file)
    expect(await subject()).toBeNull()
    await symlink(real, file)
    // A write takes the place of the link.
    await open().write(storedOf('b'))
    expect(await subject()).toBe('b')
    expect((await readFile(real)).equals(bytes)).toBe(true)
  })

  it('a file that has a second name', async () => {
    await open().write(storedOf('a'))
    await mkdir(join(folder, 'elsewhere'))
    await link(file, join(folder, 'elsewhere', 'name'))
    expect(await subject()).toBeNull()
    expect(await names()).toEqual(['elsewhere', 'vault.bad'])
  })

  it('a write takes the place of a folder', async () => {
    await mkdir(join(file, 'deeper'), { recursive: true })
    await open().write(storedOf('a'))
    expect(await subject()).toBe('a')
    expect(await names()).toEqual(['vault', 'vault.bad'])
  })

  it('only the last one is put aside, over whatever was there', async () => {
    await mkdir(join(folder, 'vault.bad'))
    await writeFile(join(folder, 'vault.bad', 'x'), 'x')
    for (const text of ['first', 'second']) {
      writeFileSync(file, text)
      // oxlint-disable-next-line no-await-in-loop
      expect(await subject()).toBeNull()
    }
    expect(await names()).toEqual(['vault.bad'])
    expect(await readFile(join(folder, 'vault.bad'), 'utf8')).toBe('second')
  })

  it('what killed writes left is removed by a read, and nothing else', async () => {
    await open().write(storedOf('a'))
    for (const name of [
      'vault.0123456789abcdef.tmp',
      'vault.fedcba9876543210.tmp',
      'vault.x.tmp',
      'my-vault.0123456789abcdef.tmp',
      'vault.0123456789abcdef.tmp.bak',
    ]) {
      writeFileSync(join(folder, name), 'half')
    }
    expect(await subject()).toBe('a')
    expect(await names()).toEqual([
      'my-vault.0123456789abcdef.tmp',
      'vault',
      'vault.0123456789abcdef.tmp.bak',
      'vault.x.tmp',
    ])
  })

  it('whichever byte is another', { timeout: 60_000 }, async () => {
    await open().write(storedOf('a'))
    const right = readFileSync(file)
    for (const [index, byte] of right.entries()) {
      writeFileSync(file, Buffer.from(right).fill(byte ^ (1 << (index % 8)), index, index + 1))
      // oxlint-disable-next-line no-await-in-loop
      expect(await subject(), `byte ${index}`).toBeNull()
    }
    writeFileSync(file, right)
    expect(await subject()).toBe('a')
  })

  it('wherever it is cut off or goes on', { timeout: 60_000 }, async () => {
    await open().write(storedOf('a'))
    const right = readFileSync(file)
    for (let length = 0; length < right.length; length += length < 100 ? 1 : 50) {
      writeFileSync(file, right.subarray(0, length))
      // oxlint-disable-next-line no-await-in-loop
      expect(await subject(), `${length} bytes`).toBeNull()
    }
    writeFileSync(file, Buffer.concat([right, Buffer.alloc(1)]))
    expect(await subject()).toBeNull()
    expect(errors.filter((error) => !(error instanceof Damaged))).toEqual([])
  })

  it('whatever is done to its bytes', { timeout: 60_000 }, async () => {
    await open().write(storedOf('a'))
    const right = readFileSync(file)
    const place = fc.nat({ max: right.length })
    const edit = fc.tuple(place, place, fc.uint8Array({ maxLength: 40 }))
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let bytes = right
        for (const [from, to, put] of edits) {
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)])
        }
        writeFileSync(file, bytes)
        expect(await subject()).toBe(bytes.equals(right) ? 'a' : null)
      }),
      { numRuns: runs(100, 500), seed },
    )
  })
})

describe('the encryption of the system', () => {
  const changed = (change: Partial<Cipher>): Cipher => ({ ...cipher, ...change })
  const never = () => new Promise<never>(() => {})

  it('is not used, and the reason told, when it is not safe', async () => {
    await open().write(storedOf('old'))
    const weak = changed({ unavailable: async () => 'this desktop has no keyring' })
    expect(await reasonOf(open({ cipher: weak }).write(storedOf('a')))).toBe(
      'this desktop has no keyring',
    )
    expect(await open({ cipher: weak }).read(owner)).toBeNull()
    expect(errors).toMatchObject([{ detail: { reason: 'this desktop has no keyring' } }])
    // The keyring may be back another day.
    expect(await names()).toEqual(['vault'])
    expect(await subject()).toBe('old')
  })

  it('is not asked at all when there is nothing to read', async () => {
    expect(await open({ cipher: changed({ unavailable: never }) }).read(owner)).toBeNull()
  })

  it.each(['unavailable', 'encrypt'] as const)('fails a write when %s fails', async (name) => {
    await open().write(storedOf('old'))
    const failing = changed({ [name]: () => Promise.reject(new Error('some secret')) })
    expect(await reasonOf(open({ cipher: failing }).write(storedOf('a')))).toMatch(/^the system/)
    expect(await names()).toEqual(['vault'])
    expect(await subject()).toBe('old')
  })

  it('leaves the file alone when it may work later', async () => {
    await open().write(storedOf('old'))
    const refuse = () => Promise.reject(vaultUnavailable('locked'))
    const locked = changed({ encrypt: refuse, decrypt: refuse })
    expect(await open({ cipher: locked }).read(owner)).toBeNull()
    expect(errors).toMatchObject([{ code: 'E_VAULT_UNAVAILABLE', detail: { reason: 'locked' } }])
    expect(await reasonOf(open({ cipher: locked }).write(storedOf('new')))).toBe('locked')
    expect(await subject()).toBe('old')
  })

  it.each([
    ['unavailable', 'write', 'the keyring did not answer'],
    ['encrypt', 'write', 'the keyring did not answer'],
    ['unavailable', 'read', null],
    ['decrypt', 'read', null],
  ] as const)(
    'is given up after five seconds when %s hangs in a %s',
    async (name, call, result) => {
      await open().write(storedOf('old'))
      const clock = createTestClock()
      const vault = open({ clock, cipher: changed({ [name]: never }) })
      const done = call === 'read' ? vault.read(owner) : reasonOf(vault.write(storedOf('a')))
      await clock.timer(5000)
      clock.advance(4999)
      expect(clock.timers()).toEqual([5000])
      clock.advance(1)
      expect(await done).toBe(result)
      expect(clock.timers()).toEqual([])
      expect(await names()).toEqual(['vault'])
      expect(await subject()).toBe('old')
    },
  )

  it('leaves no timer behind', async () => {
    const clock = createTestClock()
    await open({ clock }).write(storedOf('a'))
    await open({ clock }).read(owner)
    expect(clock.timers()).toEqual([])
  })
})

describe('at the same time', () => {
  it('the write that was asked for last wins', async () => {
    const vault = open()
    const subjects = Array.from({ length: 30 }, (_, index) => `subject-${index}`)
    await Promise.all(subjects.map((name) => vault.write(storedOf(name))))
    expect(await subject()).toBe('subject-29')
    expect(await names()).toEqual(['vault'])
  })

  it('also when its encryption was faster', async () => {
    const { opened, release } = gate()
    let calls = 0
    const slow = {
      ...cipher,
      encrypt: async (text: string) => {
        calls += 1
        if (calls === 1) await opened
        return await cipher.encrypt(text)
      },
    }
    const vault = open({ cipher: slow })
    const early = vault.write(storedOf('early'))
    await vault.write(storedOf('late'))
    release()
    await early
    expect(await subject()).toBe('late')
  })

  it('clear does not wait for a keyring, and what was asked for before does not come back', async () => {
    const { opened, release } = gate()
    const slow = {
      ...cipher,
      encrypt: async (text: string) => {
        await opened
        return await cipher.encrypt(text)
      },
    }
    await open().write(storedOf('old'))
    const vault = open({ cipher: slow })
    const writing = vault.write(storedOf('ghost'))
    await vault.clear()
    expect(await names()).toEqual([])
    release()
    await writing
    expect(await names()).toEqual([])
    await vault.write(storedOf('new'))
    expect(await subject()).toBe('new')
  })

  it('what was read is not given when it was cleared or replaced meanwhile', async () => {
    const { opened, release } = gate()
    const slow = {
      ...cipher,
      decrypt: async (bytes: Uint8Array) => {
        await opened
        return await cipher.decrypt(bytes)
      },
    }
    const vault = open({ cipher: slow })
    await vault.write(storedOf('spent'))
    const read = vault.read(owner)
    await vault.write(storedOf('fresh'))
    release()
    expect(subjectOf(await read)).toBe('fresh')
    const again = vault.read(owner)
    await Promise.all([vault.clear(), again])
    expect(await again).toBeNull()
    expect(errors).toEqual([])
  })

  it('a file that is of no use is not put aside when a write has replaced it meanwhile', async () => {
    const renaming = gate()
    const told = gate()
    const broken = {
      ...cipher,
      decrypt: async () => {
        await renaming.opened
        throw new Error('no')
      },
    }
    await open().write(storedOf('old'))
    const vault = open({ cipher: broken, onError: told.release })
    const stop = watchFileCalls(async (call, when) => {
      if (call !== 'rename' || when === 'after') return
      renaming.release()
      await told.opened
    })
    const read = vault.read(owner)
    await vault.write(storedOf('fresh'))
    expect(await read.finally(stop)).toBeNull()
    expect([await names(), await subject()]).toEqual([['vault'], 'fresh'])
  })

  it('any order ends as if one had come after the other', { timeout: 60_000 }, async () => {
    const step = fc.constantFrom('write', 'write', 'clear', 'read')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const vault = open()
        await vault.clear()
        const done = steps.map((name, index) =>
          name === 'write'
            ? vault.write(storedOf(`s${index}`))
            : name === 'clear'
              ? vault.clear()
              : vault.read(owner),
        )
        await Promise.all(done)
        const last = steps.findLastIndex((name) => name !== 'read')
        expect(await subject()).toBe(steps[last] === 'write' ? `s${last}` : null)
        expect(errors).toEqual([])
      }),
      { numRuns: runs(30, 100), seed },
    )
  })
})

describe('a disk that fails', () => {
  /** Runs with the n-th file call failing; tells whether there were that many. */
  const withFault = async (at: number, code: string, run: () => Promise<void>) => {
    let calls = 0
    const stop = watchFileCalls((_call, when) => {
      if (when === 'before') calls += 1
      if (calls === at && when === 'before') throw Object.assign(new Error(code), { code })
    })
    await run().finally(stop)
    return calls >= at
  }

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])(
    'with %s at any call leaves the old file or the new one',
    async (code) => {
      const outcomes: string[] = []
      for (let at = 1, reached = true; reached; at += 1) {
        /* oxlint-disable no-await-in-loop */
        await open().write(storedOf('old'))
        let outcome = 'written'
        reached = await withFault(at, code, async () => {
          await open()
            .write(storedOf('new'))
            .catch((error: unknown) => {
              outcome = String(error)
            })
        })
        outcomes.push(outcome)
        expect([await names(), errors]).toEqual([['vault'], []])
        expect(await subject()).toBe(outcome === 'written' ? 'new' : 'old')
        /* oxlint-enable no-await-in-loop */
      }
      const failure = `AppError: vault: the file could not be written (${code})`
      expect(new Set(outcomes)).toEqual(new Set([failure, 'written']))
      // Up to the new name it fails; what comes after that cannot make it fail.
      expect(outcomes.lastIndexOf(failure)).toBe(outcomes.indexOf('written') - 1)
      expect(outcomes.indexOf('written')).toBeGreaterThan(5)
    },
  )

  it.each(['EPERM', 'EBUSY', 'EACCES'])(
    'holds a file for a moment (%s): it is tried again',
    async (code) => {
      await open().write(storedOf('old'))
      let refusals = 3
      const stop = watchFileCalls((call, when) => {
        if (call !== 'rename' || when === 'after' || refusals === 0) return
        refusals -= 1
        throw Object.assign(new Error(code), { code })
      })
      await open().write(storedOf('new')).finally(stop)
      expect(await subject()).toBe('new')
    },
  )

  it('holds a file for good: given up within a second', async () => {
    await open().write(storedOf('old'))
    const stop = watchFileCalls((call, when) => {
      if (call !== 'rename' || when === 'after') return
      throw Object.assign(new Error('busy'), { code: 'EBUSY' })
    })
    const clock = createTestClock()
    const writing = reasonOf(open({ clock }).write(storedOf('new'))).finally(stop)
    let waited = 0
    for (const pause of [10, 20, 40, 80, 160, 320]) {
      // oxlint-disable-next-line no-await-in-loop
      await clock.timer(pause)
      clock.advance(pause)
      waited += pause
    }
    expect(await writing).toBe('the file could not be written (EBUSY)')
    expect(waited).toBeLessThan(1000)
    expect(await names()).toEqual(['vault'])
    expect(await subject()).toBe('old')
  })

  it.each([
    ['ENOSPC', 'sound'],
    ['EROFS', 'sound'],
    ['EIO', 'damaged'],
    ['EROFS', 'damaged'],
  ])('with %s at any call a %s file never makes read or clear throw', async (code, state) => {
    const prepare = async () => {
      await open().write(storedOf('a'))
      if (state === 'damaged') writeFileSync(file, 'garbage')
    }
    let most = 0
    for (let at = 1, reached = true; reached; at += 1) {
      /* oxlint-disable no-await-in-loop */
      await prepare()
      const reading = await withFault(at, code, async () => {
        const read = await open().read(owner)
        expect([null, 'a']).toContain(subjectOf(read))
      })
      await prepare()
      errors = []
      const clearing = await withFault(at, code, () => open().clear())
      // What stays behind is told of, and is of no use.
      expect([null, ...(errors.length > 0 ? ['a'] : [])]).toContain(await subject())
      reached = reading || clearing
      most = at
      /* oxlint-enable no-await-in-loop */
    }
    expect(most).toBeGreaterThan(7)
  })

  it('a file that cannot be removed is emptied at least', async () => {
    await open().write(storedOf('a'))
    const stop = watchFileCalls((call) => {
      if (call === 'rm') throw Object.assign(new Error('no'), { code: 'EROFS' })
    })
    await open().clear().finally(stop)
    expect((await stat(file)).size).toBe(0)
    // The other is of what was put aside.
    expect(errors).toMatchObject([{ code: 'EROFS' }, { code: 'EROFS' }])
  })

  const isRoot = process.getuid?.() === 0
  it.skipIf(isRoot)('a folder that is read-only (to root none is)', async () => {
    await open().write(storedOf('old'))
    await chmod(folder, 0o500)
    expect(await reasonOf(open().write(storedOf('new')))).toBe(
      'the file could not be written (EACCES)',
    )
    expect(await subject()).toBe('old')
    await writeFile(file, 'garbage')
    expect(await subject()).toBeNull()
    await chmod(folder, 0o700)
  })

  it.skipIf(isRoot)(
    'a file that cannot be read (root can read any) stays where it is',
    async () => {
      await open().write(storedOf('old'))
      await chmod(file, 0o000)
      expect(await subject()).toBeNull()
      expect(errors).toMatchObject([{ code: 'EACCES' }])
      await chmod(file, 0o600)
      expect(await subject()).toBe('old')
    },
  )

  it('a file in the place of the folder', async () => {
    await writeFile(file, '')
    const inside = { folder: file }
    expect(await open(inside).read(owner)).toBeNull()
    expect(errors).toMatchObject([{ code: 'ENOTDIR' }, { code: 'ENOTDIR' }])
    expect(await reasonOf(open(inside).write(storedOf('a')))).toMatch(/EEXIST|ENOTDIR/)
    await open(inside).clear()
    expect(await names()).toEqual(['vault'])
  })
})

describe('killed', () => {
  const key = randomBytes(16)
  const values = ['even', 'odd']
  const vaultIn = (place: string) =>
    createVault({
      folder: place,
      cipher: createTestCipher(key),
      clock: systemClock,
      onError: (error) => errors.push(error),
    })
  /** Starts a writer in a folder; tells after how many finished writes it ended. */
  const writer = (place: string, killAt: number) => {
    const program = join(import.meta.dirname, '../../../test/support/vault.ts')
    const child = spawn(process.execPath, [program, place, key.toString('hex'), String(killAt)], {
      // Starting is most of the time.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let finished = 0
    const started = new Promise<void>((resolve) => {
      child.stdout.on('data', (dots: Buffer) => {
        finished += dots.length
        resolve()
      })
    })
    const ended = new Promise<{ signal: NodeJS.Signals | null; finished: number }>((resolve) => {
      child.once('close', (_code, signal) => resolve({ signal, finished }))
    })
    return { started, ended, kill: () => child.kill('SIGKILL') }
  }
  const leftovers = async (place: string) =>
    (await readdir(place)).filter((name) => temporaryName.test(name)).length

  // By chance and often for the thorough run; the test after it kills at each file call.
  it.for(thorough ? [200] : [])(
    'at any moment of a write, it is the old or the new one, %i times',
    { timeout: 600_000 },
    async (times) => {
      const found = new Map<string, number>()
      let halfWritten = 0
      const lane = async (number: number) => {
        const place = join(folder, `lane-${number}`)
        for (let turn = 0; turn < times / 4; turn += 1) {
          /* oxlint-disable no-await-in-loop */
          const { started, ended, kill } = writer(place, 0)
          await started
          await delay(Math.random() * 15)
          kill()
          expect((await ended).signal).toBe('SIGKILL')
          // At most one for each kill, and gone with the next read.
          const before = await leftovers(place)
          expect(before).toBeLessThanOrEqual(1)
          halfWritten += before
          const kept: StoredSession | null = await vaultIn(place).read(owner)
          const which = subjectOf(kept) ?? ''
          expect(values).toContain(which)
          expect(await readdir(place)).toEqual(['vault'])
          found.set(which, (found.get(which) ?? 0) + 1)
          /* oxlint-enable no-await-in-loop */
        }
      }
      await Promise.all([0, 1, 2, 3].map(lane))
      expect(errors).toEqual([])
      // Else the kills all came between two writes, or always to the same one.
      expect(halfWritten).toBeGreaterThan(10)
      expect(found.get('even')).toBeGreaterThan(10)
      expect(found.get('odd')).toBeGreaterThan(10)
    },
  )

  it('before and after every single file call', { timeout: 120_000 }, async () => {
    const place = join(folder, 'steps')
    const outcomes: (string | null)[] = []
    await writer(place, 999).ended
    for (let at = 1; ; at += 1) {
      /* oxlint-disable no-await-in-loop */
      await vaultIn(place).write(storedOf('even'))
      const { signal } = await writer(place, at).ended
      const kept = await vaultIn(place).read(owner)
      outcomes.push(subjectOf(kept))
      expect(await readdir(place)).toEqual(['vault'])
      if (signal === null) break
      /* oxlint-enable no-await-in-loop */
    }
    // The old one until the file gets its name, the new one from then on.
    const change = outcomes.indexOf('odd')
    expect(change).toBeGreaterThan(10)
    expect(outcomes.length - change).toBeGreaterThan(4)
    expect(new Set(outcomes.slice(0, change))).toEqual(new Set(['even']))
    expect(new Set(outcomes.slice(change))).toEqual(new Set(['odd']))
    await expect(access(join(place, 'vault.bad'), constants.F_OK)).rejects.toThrow('ENOENT')
    expect(errors).toEqual([])
  })
})
