import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'
import { Interrupted, SetupError } from '../bootstrap/failures.mjs'
import { say } from '../bootstrap/progress.mjs'
import { project } from '../bootstrap/setup.mjs'
import { provideSystemPackages } from '../bootstrap/system-packages.mjs'
import { readPackages } from './notices.ts'
import { appName, dist, run, sourceDate, version } from './tools.ts'
import { settlePermissions, unpacked } from './unpacked.ts'

export const formats = ['tar.gz', 'deb', 'rpm'] as const
export type Format = (typeof formats)[number]

export interface Packing {
  /** Compresses less, which is several minutes faster. */
  readonly fast: boolean
}

const templates = path.join(project, 'assets/linux')
const packers: Readonly<Record<Format, (work: string, packing: Packing) => Promise<void>>> = {
  'tar.gz': packTarball,
  deb: packDeb,
  rpm: packRpm,
}

/** What the distributions call the machine's kind of processor. */
const architecture = process.arch === 'arm64' ? ['arm64', 'aarch64'] : ['amd64', 'x86_64']

/** The file of a format in `dist/`. */
export function fileOf(format: Format): string {
  const [debian, fedora] = architecture
  const names = {
    'tar.gz': `${appName}-${version}-linux-${process.arch}.tar.gz`,
    deb: `${appName}_${version}_${debian}.deb`,
    rpm: `${appName}-${version}-1.${fedora}.rpm`,
  }
  return path.join(dist, names[format])
}

/**
 * Packs the unpacked app of `dist/` in each of the formats. A format whose tools are missing is told and passed over.
 *
 * @returns the formats that were not built
 */
export async function packForLinux(
  wanted: readonly Format[],
  packing: Packing,
): Promise<readonly Format[]> {
  const failed: Format[] = []
  for (const format of wanted) {
    say(`Packing ${path.basename(fileOf(format))} …`)
    // oxlint-disable-next-line no-await-in-loop -- each takes all processors
    const work = await mkdtemp(path.join(os.tmpdir(), `${appName}-${format}-`))
    try {
      if (format !== 'tar.gz') provideSystemPackages(format)
      // oxlint-disable-next-line no-await-in-loop
      await packers[format](work, packing)
    } catch (error) {
      if (!(error instanceof SetupError) || error instanceof Interrupted) throw error
      say(error.message)
      failed.push(format)
    } finally {
      // oxlint-disable-next-line no-await-in-loop
      await rm(work, { recursive: true, force: true })
    }
  }
  return failed
}

async function packTarball(work: string, { fast }: Packing): Promise<void> {
  const folder = `${appName}-${version}`
  await cp(unpacked, path.join(work, folder), { recursive: true, preserveTimestamps: true })
  const tar = path.join(work, `${folder}.tar`)
  await run('tar', [
    '--sort=name',
    `--mtime=@${sourceDate()}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
    `--file=${tar}`,
    `--directory=${work}`,
    '--create',
    folder,
  ])
  await run('gzip', [fast ? '-1n' : '-9n', tar])
  await move(`${tar}.gz`, fileOf('tar.gz'))
}

async function packDeb(work: string, { fast }: Packing): Promise<void> {
  // debhelper puts the package beside the folder of its source.
  const source = path.join(work, 'source')
  const debian = path.join(source, 'debian')
  await makeRoot(path.join(source, 'root'))
  await cp(path.join(templates, 'debian'), debian, { recursive: true })
  const licence = (await readFile(path.join(project, 'LICENSE'), 'utf8')).trim()
  await fill(path.join(debian, 'copyright'), {
    LICENSES: (await licencesInside()).map((id) => (id === 'MIT' ? 'Expat' : id)).join(' and '),
    LICENSE: licence.replaceAll(/^$/gm, '.').replaceAll(/^/gm, ' '),
  })
  const control = await readFile(path.join(debian, 'control'), 'utf8')
  const maintainer = /^Maintainer: (.*)$/m.exec(control)?.[1] ?? ''
  const date = new Date(sourceDate() * 1000).toUTCString().replace('GMT', '+0000')
  await writeFile(
    path.join(debian, 'changelog'),
    `${appName} (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n -- ${maintainer}  ${date}\n`,
  )
  await run('debian/rules', ['binary'], {
    cwd: source,
    env: {
      SOURCE_DATE_EPOCH: String(sourceDate()),
      DEB_COMPRESSION: fast ? '-Zgzip -z1' : '-Zxz -z6',
      // As dpkg-buildpackage says it, which also wants a compiler: nothing here needs to be root.
      DEB_RULES_REQUIRES_ROOT: 'no',
      LC_ALL: 'C.UTF-8',
    },
  })
  await move(path.join(work, path.basename(fileOf('deb'))), fileOf('deb'))
}

async function packRpm(work: string, { fast }: Packing): Promise<void> {
  const root = path.join(work, 'root')
  await makeRoot(root)
  const macros = {
    _topdir: work,
    _binary_payload: fast ? 'w1T0.zstdio' : 'w19T0.zstdio',
    app_root: root,
    app_version: version,
    app_licenses: (await licencesInside()).join(' AND '),
    // As in `Mon Nov 30 2026`: the changelog of an rpm has no time.
    app_day: new Date(sourceDate() * 1000)
      .toUTCString()
      .replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4'),
  }
  await run(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      ...Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
      path.join(templates, `${appName}.spec`),
    ],
    { env: { SOURCE_DATE_EPOCH: String(sourceDate()), LC_ALL: 'C.UTF-8' } },
  )
  const [built = ''] = (await readdir(path.join(work, 'RPMS'), { recursive: true })).filter(
    (name) => name.endsWith('.rpm'),
  )
  await move(path.join(work, 'RPMS', built), fileOf('rpm'))
}

/** The licences, by their SPDX names, of all that the app holds besides what Electron holds of others. */
async function licencesInside(): Promise<string[]> {
  const packages = await readPackages()
  return [...new Set(['MIT', ...packages.map(({ license }) => license)])].toSorted()
}

/** Lays out what deb and rpm install, below a folder. */
async function makeRoot(root: string): Promise<void> {
  const app = path.join(root, 'usr/lib', appName)
  const doc = path.join(root, 'usr/share/doc', appName)
  const shared = (...names: string[]): string => path.join(root, 'usr/share', ...names)
  const day = new Date(sourceDate() * 1000).toISOString().slice(0, 10)

  await cp(unpacked, app, { recursive: true })
  await mkdir(path.join(root, 'usr/bin'), { recursive: true })
  await symlink(`../lib/${appName}/${appName}`, path.join(root, 'usr/bin', appName))

  const entry = `${appName}.desktop`
  await cp(path.join(templates, entry), shared('applications', entry))
  const metainfo = `no.example.${appName}.metainfo.xml`
  await cp(path.join(templates, metainfo), shared('metainfo', metainfo))
  await fill(shared('metainfo', metainfo), { VERSION: version, DATE: day })

  const icons = path.join(project, 'assets/icons')
  for (const name of await readdir(icons)) {
    const size = path.basename(name, '.png')
    // oxlint-disable-next-line no-await-in-loop
    await cp(path.join(icons, name), shared('icons/hicolor', size, 'apps', `${appName}.png`))
  }
  const drawing = path.join(project, 'assets/icon.svg')
  await cp(drawing, shared('icons/hicolor/scalable/apps', `${appName}.svg`))

  const page = await readFile(path.join(templates, `${appName}.1`), 'utf8')
  await mkdir(shared('man/man1'), { recursive: true })
  const filled = page.replaceAll('@VERSION@', version).replaceAll('@DATE@', day)
  await writeFile(shared('man/man1', `${appName}.1.gz`), gzipSync(filled, { level: 9 }))

  await mkdir(doc, { recursive: true })
  for (const name of await readdir(app)) {
    // oxlint-disable-next-line no-await-in-loop
    if (isNotice(name)) await rename(path.join(app, name), path.join(doc, name))
  }
  await settlePermissions(root)
  await settleDates(root)
}

/** Whether a file of the unpacked app tells about its content, and is documentation for a distribution. */
function isNotice(name: string): boolean {
  return /^LICENSES?\.|\.cdx\.json$/.test(name)
}

/** Dates everything below a folder with the commit. */
async function settleDates(folder: string): Promise<void> {
  const date = sourceDate()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    // oxlint-disable-next-line no-await-in-loop
    await utimes(path.join(entry.parentPath, entry.name), date, date)
  }
}

/** Replaces each `@NAME@` in a file. */
async function fill(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(file, 'utf8')
  await writeFile(
    file,
    text.replaceAll(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole),
  )
}

/** As `rename`, also from one file system to another. */
async function move(from: string, to: string): Promise<void> {
  await cp(from, to)
  await rm(from)
}
