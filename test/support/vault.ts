/** What the tests of the vault need. Started as a program it writes, until it is killed. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'
import { systemClock } from '../../main/login/base/clock.ts'
import { Secret } from '../../main/login/base/secret.ts'
import type { Cipher } from '../../main/session/vault/seal.ts'
import type { StoredSession } from '../../main/session/vault/stored-session.ts'
import { createVault } from '../../main/session/vault/vault.ts'

/**
 * Encrypts in memory as Chromium does on Linux: AES-128-CBC with a fixed initialization vector, so
 * that nothing but the padding notices a changed byte.
 */
export function createTestCipher(key = randomBytes(16)): Cipher {
  const iv = Buffer.alloc(16, ' ')
  return {
    unavailable: async () => null,
    encrypt: async (text) => {
      const cipher = createCipheriv('aes-128-cbc', key, iv)
      return Buffer.concat([Buffer.from('v11'), cipher.update(text, 'utf8'), cipher.final()])
    },
    decrypt: async (bytes) => {
      const decipher = createDecipheriv('aes-128-cbc', key, iv)
      return decipher.update(bytes.subarray(3), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

export const owner = { issuer: 'https://issuer.test', clientId: 'client' }

/** Something to keep, told apart by the subject. */
export function storedOf(subject: string, change: Partial<StoredSession> = {}): StoredSession {
  return {
    ...owner,
    refreshToken: new Secret(`refresh-token-of-${subject}`),
    refreshTokenExpiresAt: 1_800_000_000_000,
    proofKey: new Secret({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: `private-${subject}` }),
    nonce: new Secret('nonce'),
    scope: ['openid', 'profile'],
    claims: { iss: owner.issuer, sub: subject, aud: [owner.clientId], auth_time: 1_700_000_000 },
    activeAt: 1_750_000_000_000,
    ...change,
  }
}

/**
 * Puts itself before and after every call by which this process touches files, until the returned
 * function is called. What `step` throws, the call throws.
 */
export function watchFileCalls(
  step: (call: string, when: 'before' | 'after') => void | Promise<void>,
): () => void {
  const { open, rename, rm, mkdir, readdir, lstat } = promises
  const original = { open, rename, rm, mkdir, readdir, lstat }
  const watch =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await step(name, 'before')
      const result = await call(...args)
      await step(name, 'after')
      return result
    }
  const watchedOpen = async (...args: Parameters<typeof open>) => {
    const handle = await open(...args)
    const writeFile = handle.writeFile.bind(handle)
    const close = handle.close.bind(handle)
    return Object.assign(handle, {
      // Half of it first: a write may end anywhere.
      writeFile: watch('writeFile', async (bytes: Uint8Array) => {
        await writeFile(bytes.subarray(0, bytes.length / 2))
        await step('writeFile', 'after')
        await writeFile(bytes.subarray(bytes.length / 2))
      }),
      sync: watch('sync', handle.sync.bind(handle)),
      readFile: watch('readFile', handle.readFile.bind(handle)),
      // One that fails has closed all the same.
      close: async () => {
        try {
          await step('close', 'before')
        } finally {
          await close()
        }
        await step('close', 'after')
      },
    })
  }
  Object.assign(promises, {
    open: watch('open', watchedOpen),
    rename: watch('rename', rename),
    rm: watch('rm', rm),
    mkdir: watch('mkdir', mkdir),
    readdir: watch('readdir', readdir),
    lstat: watch('lstat', lstat),
  })
  syncBuiltinESMExports()
  return () => {
    Object.assign(promises, original)
    syncBuiltinESMExports()
  }
}

if (import.meta.main) {
  const [folder = '', key = '', killAt = '0'] = process.argv.slice(2)
  const vault = createVault({
    folder,
    cipher: createTestCipher(Buffer.from(key, 'hex')),
    clock: systemClock,
    onError: () => {},
  })
  const write = async (turn: number): Promise<void> => {
    await vault.write(storedOf(turn % 2 === 0 ? 'even' : 'odd'))
    process.stdout.write('.')
    if (killAt === '0') await write(turn + 1)
  }
  let steps = 0
  watchFileCalls(() => {
    steps += 1
    if (killAt === String(steps)) process.kill(process.pid, 'SIGKILL')
  })
  await write(1)
}
