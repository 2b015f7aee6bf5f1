/**
 * Writes a profile that lacks only the client id. Usage:
 * npm run profile -- [--for=idporten|ansattporten] [--env=test|production] [--client-id=<id>] [--out=<file>]
 * Without `--out` it is printed. A file that is there already is not replaced.
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { type Profile, profileFile } from '../main/session/profile.ts'

/** What each provider is called, where it is, and what its middle level is called (Digdir, "Well-known endepunkt"). */
const providers = {
  idporten: {
    name: 'ID-porten',
    test: 'https://test.idporten.no',
    production: 'https://idporten.no',
    level: 'idporten-loa-substantial',
  },
  ansattporten: {
    name: 'Ansattporten',
    test: 'https://test.ansattporten.no',
    production: 'https://ansattporten.no',
    level: 'substantial',
  },
} as const

const wanted = v.object({
  for: v.optional(
    v.picklist(['idporten', 'ansattporten'], '--for must be idporten or ansattporten'),
    'idporten',
  ),
  env: v.optional(v.picklist(['test', 'production'], '--env must be test or production'), 'test'),
  'client-id': v.optional(profileFile.entries.clientId),
})

/**
 * Makes a profile with the keys that most installations set; all others have their defaults.
 *
 * @throws {v.ValiError} for a provider or an environment that is not known
 */
export function profileTemplate(
  options: Readonly<Record<string, string | undefined>>,
): Partial<Profile> {
  const { for: provider, env, 'client-id': clientId } = v.parse(wanted, options)
  const { name, level, [env]: issuer } = providers[provider]
  return {
    name: env === 'test' ? `${name}, test` : name,
    issuer,
    ...(clientId !== undefined && { clientId }),
    redirectPath: '/callback',
    scope: 'openid profile',
    acrValues: [level],
  }
}

async function run(args: string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: { for: text, env: text, 'client-id': text, out: text },
  })
  const profile = profileTemplate(values)
  const json = `${JSON.stringify(profile, null, 2)}\n`
  if (values.out === undefined) process.stdout.write(json)
  else await writeFile(values.out, json, { flag: 'wx' })
  if (profile.clientId === undefined) {
    process.stderr.write('Add "clientId", which the registration gives (docs/registration.md).\n')
  }
}

if (import.meta.main) {
  try {
    await run(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
