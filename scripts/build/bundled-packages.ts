import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as v from 'valibot'
import type { Plugin, Rolldown } from 'vite'
import { refuseOtherLicences } from './licences.ts'

const manifestFile = v.object({ name: v.string(), version: v.string(), license: v.string() })

/** An npm package of which something is in the app. */
export const bundledPackage = v.object({
  ...manifestFile.entries,
  /** Where it is installed, such as `node_modules/jose`. */
  folder: v.string(),
})
export type BundledPackage = v.InferOutput<typeof bundledPackage>

/** The file in the folder of each part that lists its packages. It is for the packaging, and not packed. */
export const packagesFile = 'packages.json'

/**
 * Lists the npm packages that have something in a part of the app: code, styles, or a file such as a font. The build
 * fails when one of them has a licence that nobody has allowed.
 */
export const bundledPackages: Plugin = {
  name: 'bundled-packages',
  async generateBundle(_, bundle) {
    const files: string[] = []
    for (const output of Object.values(bundle)) {
      if (output.type === 'asset') {
        const { root } = this.environment.config
        files.push(...output.originalFileNames.map((name) => path.resolve(root, name)))
        continue
      }
      for (const [id, { renderedLength }] of Object.entries(output.modules)) {
        // Styles are taken out of the module that imports them, which leaves it empty.
        if (id.endsWith('.css')) files.push(id, ...(await importedStyles(this, id)))
        else if (renderedLength > 0) files.push(id)
      }
    }
    const folders = new Set(files.flatMap((file) => folderOf(file) ?? []))
    const packages = [...folders]
      .map((folder) => packageIn(folder))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    refuseOtherLicences(packages)
    const source = JSON.stringify(packages, null, 2)
    this.emitFile({ type: 'asset', fileName: packagesFile, source })
  },
}

/** The style sheets that one imports, and that these import. Vite puts them in and does not say so. */
async function importedStyles(context: Rolldown.PluginContext, file: string): Promise<string[]> {
  const imports = readFileSync(file, 'utf8').matchAll(/@import\s+(?:url\()?["']?([^"')\s;]+)/g)
  const found = await Promise.all(
    Array.from(imports, async ([, source = '']) => {
      const resolved = await context.resolve(source, file)
      if (!resolved) throw new Error(`${file} imports ${source}, which was not found`)
      return [resolved.id, ...(await importedStyles(context, resolved.id))]
    }),
  )
  return found.flat()
}

/** The folder of the package that a module is of; none for the modules of the app. */
function folderOf(id: string): string | undefined {
  // Code that the bundler adds itself, such as what lets modules of two kinds import each other.
  const [, helper] = /^\0(rolldown|vite)\//.exec(id) ?? []
  if (helper !== undefined) return path.resolve('node_modules', helper)
  if (id.startsWith('\0')) throw new Error(`Nobody has said whose module ${id.slice(1)} is`)
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id)?.[0]
}

function packageIn(folder: string): BundledPackage {
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  return { ...v.parse(manifestFile, manifest), folder: path.relative('.', folder) }
}
