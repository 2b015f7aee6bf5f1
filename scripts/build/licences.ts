import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** The licences (by their SPDX names) of what may be bundled: they ask for their text and for nothing of the app. */
const allowed: readonly string[] = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'OFL-1.1',
]

/**
 * Lets packages through whose licence is on the list.
 *
 * @throws {Error} that names the others
 */
export function refuseOtherLicences(
  packages: readonly {
    readonly name: string
    readonly version: string
    readonly license: string
  }[],
): void {
  const refused = packages.filter(({ license }) => !allowed.includes(license))
  if (refused.length === 0) return
  const list = refused.map(({ name, version, license }) => `${name} ${version}: ${license}`)
  throw new Error(`The list in scripts/build/licences.ts lacks the licence of ${list.join(', ')}`)
}

/**
 * Reads what the licence of a package wants to be passed on: its own files or, where it comes without, the file of its
 * name in `assets/licences`.
 *
 * @throws {Error} when there is neither
 */
export async function licenceText(
  { name, folder }: { readonly name: string; readonly folder: string },
  project: string,
): Promise<string> {
  const files = (await readdir(path.join(project, folder)))
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .toSorted()
    .map((file) => path.join(project, folder, file))
  const kept = path.join(project, 'assets/licences', `${name}.txt`)
  const texts = await Promise.all(
    (files.length > 0 ? files : [kept]).map(async (file) => await readFile(file, 'utf8')),
  ).catch((error: unknown) => {
    throw new Error(`${name} comes without its licence, which belongs into ${kept}`, {
      cause: error,
    })
  })
  return texts.map((text) => text.trim()).join('\n\n')
}
