import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { extractFile } from '@electron/asar'
import * as v from 'valibot'
import { build, type Rolldown } from 'vite'
import { expect, test } from './fixtures/desktop.ts'
import { appName, packedFile, startPackaged, unpacked } from './fixtures/packaged.ts'

const archive = join(unpacked, 'resources/app.asar')
const component = { name: v.string(), version: v.string() }
const sbomFile = v.object({
  components: v.array(
    v.object({
      ...component,
      group: v.optional(v.string()),
      licenses: v.array(v.object({ license: v.object({ id: v.string() }) })),
      components: v.optional(v.array(v.object(component))),
    }),
  ),
})
const viteLicences = v.array(v.object({ ...component, identifier: v.string() }))

/** What the list says, as `name version licence`, and what it says of Electron. */
async function listed() {
  const { components } = v.parse(
    sbomFile,
    JSON.parse(await readFile(packedFile('cdx.json'), 'utf8')),
  )
  const electron = components.find(({ name }) => name === 'electron')
  const packages = components
    .filter((one) => one !== electron)
    .map(({ group, name, version, licenses }) =>
      [group === undefined ? name : `${group}/${name}`, version, licenses[0]?.license.id].join(' '),
    )
  return { packages, electron }
}

/** Builds a part again, in memory, with two things that the packed build does without. */
async function buildAgain(part: string): Promise<Rolldown.RolldownOutput['output']> {
  // Vite sets it for good, and what other tests start would inherit it.
  const { NODE_ENV } = process.env
  const result = await build({
    configFile: `vite.${part}.config.ts`,
    logLevel: 'warn',
    build: { write: false, sourcemap: 'hidden', license: { fileName: 'vite-licences.json' } },
  }).finally(() => {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = NODE_ENV
  })
  if (!('output' in result)) throw new Error('one build has one output')
  return result.output
}

test('lists each package that source maps and Vite find in the packed code, the font and the helpers, and no other', async () => {
  const found = new Set<string>()
  const inSourceMaps = new Set<string>()
  for (const part of ['main', 'preload', 'renderer']) {
    // oxlint-disable-next-line no-await-in-loop -- two cores
    for (const output of await buildAgain(part)) {
      if (output.type === 'chunk') {
        const packed = extractFile(archive, join('out', part, output.fileName)).toString()
        expect(output.code === packed, `${output.fileName} is what is packed`).toBe(true)
        for (const source of output.map?.sources ?? []) {
          const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]
          if (name !== undefined) inSourceMaps.add(name)
        }
      } else if (output.fileName === 'vite-licences.json') {
        const licences = v.parse(viteLicences, JSON.parse(String(output.source)))
        for (const { name, version, identifier } of licences) {
          found.add(`${name} ${version} ${identifier}`)
        }
      }
    }
  }
  const { packages } = await listed()
  const name = (entry = ''): string => entry.split(' ')[0] ?? ''
  // Neither of the two sources knows the font, nor what the bundler has added itself.
  const others = packages.filter((entry) => !found.has(entry))
  expect(others.map(name)).toEqual(['inter-ui', 'rolldown', 'vite'])
  expect(packages.filter((entry) => found.has(entry)).toSorted()).toEqual([...found].toSorted())
  const withCode = packages.map(name).filter((entry) => inSourceMaps.has(entry))
  expect(withCode.toSorted()).toEqual([...inSourceMaps].toSorted())
})

test('lists the Electron and the Chromium that are packed', async ({ folder }) => {
  const { electron } = await listed()
  const file = await readFile(join(unpacked, 'version'), 'utf8')
  expect(electron?.version).toBe(file.trim().replace(/^v/, ''))
  const app = await startPackaged(join(unpacked, appName), { userData: join(folder, 'user-data') })
  const chromium = app.window.context().browser()?.version()
  await app.close()
  expect(electron?.components).toContainEqual(
    expect.objectContaining({ name: 'chromium', version: chromium }),
  )
})

test('brings the licence of each package that it lists, and the list', async () => {
  const { packages } = await listed()
  const licences = await readFile(join(unpacked, 'LICENSES.bundled.txt'), 'utf8')
  const [, ...chapters] = licences.split(/^={80}\n/m)
  const titles = chapters.map((chapter) => chapter.split('\n')[0]?.replaceAll(/[()]/g, ''))
  expect(new Set(titles)).toEqual(new Set(packages))
  for (const chapter of chapters) expect(chapter).toMatch(/copyright/i)
  const beside = await readFile(packedFile('cdx.json'), 'utf8')
  expect(await readFile(join(unpacked, `${appName}.cdx.json`), 'utf8')).toBe(beside)
})

test('writes Norwegian and Northern Sami in its own font, and what it has no letters for in one of the system', async ({
  folder,
}) => {
  const app = await startPackaged(join(unpacked, appName), { userData: join(folder, 'user-data') })
  const session = await app.window.context().newCDPSession(app.window)
  const fontsOf = async (text: string) => {
    await app.window.evaluate(async (written) => {
      document.body.textContent = written
      await document.fonts.ready
    }, text)
    await session.send('DOM.enable')
    await session.send('CSS.enable')
    const { root } = await session.send('DOM.getDocument')
    const body = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector: 'body' })
    const { fonts } = await session.send('CSS.getPlatformFontsForNode', { nodeId: body.nodeId })
    return fonts.map(({ familyName, isCustomFont }) => ({ familyName, isCustomFont }))
  }
  const own = { familyName: 'Inter Variable', isCustomFont: true }
  expect(await fontsOf('Blåbærsyltetøy «é» áčđŋšŧž ÁČĐŊŠŦŽ')).toEqual([own])
  expect(await fontsOf('ж')).toEqual([expect.objectContaining({ isCustomFont: false })])
  await app.close()
})
