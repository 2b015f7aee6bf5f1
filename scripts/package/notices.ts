import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { project } from '../bootstrap/setup.mjs'
import { bundledPackage, type BundledPackage, packagesFile } from '../build/bundled-packages.ts'
import { licenceText } from '../build/licences.ts'
import { type RuntimeVersions, sbomOf } from './sbom.ts'
import { appName, dist, sourceDate, version } from './tools.ts'

/** What electron-builder puts beside the executable, so that it is in every package. */
const notices = path.join(project, 'out/notices')

const runtimeVersions = v.object({ electron: v.string(), chrome: v.string(), node: v.string() })

/** The list of all that the app consists of, beside the packages. */
export const sbomFile = path.join(dist, `${appName}-${version}.cdx.json`)

/** The npm packages of which something is in the app that was built last. */
export async function readPackages(): Promise<BundledPackage[]> {
  const parts = ['main', 'preload', 'renderer'].map(async (part): Promise<unknown> => {
    return JSON.parse(await readFile(path.join(project, 'out', part, packagesFile), 'utf8'))
  })
  const lists = v.parse(v.array(v.array(bundledPackage)), await Promise.all(parts))
  const packages = new Map(lists.flat().map((bundled) => [bundled.folder, bundled]))
  return [...packages.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
}

/** Writes the licences and the list of all that the app consists of: into each package, and the list beside them. */
export async function writeNotices(electron: string): Promise<void> {
  const packages = await readPackages()
  await rm(notices, { recursive: true, force: true })
  await mkdir(notices, { recursive: true })
  await cp(path.join(project, 'LICENSE'), path.join(notices, `LICENSE.${appName}.txt`))
  const licences = await Promise.all(
    packages.map(async (bundled) => {
      const title = `${bundled.name} ${bundled.version} (${bundled.license})`
      return `\n${'='.repeat(80)}\n${title}\n\n${await licenceText(bundled, project)}\n`
    }),
  )
  const heading = `ID-porten Desktop ${version} holds these packages of others, besides Electron.\n`
  await writeFile(path.join(notices, 'LICENSES.bundled.txt'), heading + licences.join(''))
  const sbom = sbomOf({
    app: { name: appName, version },
    packages,
    runtime: await versionsOf(electron),
    date: new Date(sourceDate() * 1000),
  })
  await writeFile(path.join(notices, `${appName}.cdx.json`), sbom)
  await mkdir(dist, { recursive: true })
  await writeFile(sbomFile, sbom)
}

async function versionsOf(electron: string): Promise<RuntimeVersions> {
  const { stdout } = await promisify(execFile)(
    electron,
    ['--print', 'JSON.stringify(process.versions)'],
    { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } },
  )
  return v.parse(runtimeVersions, JSON.parse(stdout))
}
