import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { build } from 'vite'
import { bundledPackages } from './bundled-packages.ts'

let root = ''

/** A package of one file; what it exports is free of side effects. */
async function install(name: string, file: string, content: string, license = 'MIT') {
  await write(`node_modules/${name}/${file}`, content)
  const manifest = { name, version: '1.0.0', license, type: 'module', sideEffects: ['*.css'] }
  await write(`node_modules/${name}/package.json`, JSON.stringify(manifest))
}

async function write(name: string, content: string) {
  const file = join(root, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
}

/** Names and licences of what the build says is in it. */
async function namesInBuild(): Promise<string[]> {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [bundledPackages],
    build: {
      write: false,
      assetsInlineLimit: 0,
      rolldownOptions: { input: join(root, 'main.js') },
    },
  })
  if (!('output' in result)) throw new Error('one build has one output')
  const list = result.output.find(({ fileName }) => fileName === 'packages.json')
  const packages: unknown = list?.type === 'asset' ? JSON.parse(String(list.source)) : []
  return Array.isArray(packages)
    ? packages.map((one: unknown) => String(Reflect.get(Object(one), 'name')))
    : []
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'bundle-')))
  await install('used', 'index.js', 'export const used = () => globalThis.document')
  await install('shaken-away', 'index.js', 'export const unused = () => globalThis.document')
})
afterEach(async () => await rm(root, { recursive: true }))

describe('the list of what is bundled', () => {
  it('has what brings code, and not what is shaken away', async () => {
    await write(
      'main.js',
      `import { used } from 'used'; import { unused } from 'shaken-away'; globalThis.it = used()`,
    )
    expect(await namesInBuild()).toStrictEqual(['used'])
  })

  it('has what a style sheet imports, at any distance, and the files that it names', async () => {
    await install('font', 'font.woff2', 'wOF2')
    await install('styles', 'index.css', `@import 'more-styles/index.css'; .a { color: red }`)
    await install('more-styles', 'index.css', '.b { color: blue }')
    await write('main.js', `import './own.css'`)
    await write(
      'own.css',
      `@import 'styles/index.css'; @font-face { font-family: F; src: url('font/font.woff2') }`,
    )
    expect(await namesInBuild()).toStrictEqual(['font', 'more-styles', 'styles'])
  })

  it('has the bundler when it adds code of its own', async () => {
    await install('old', 'index.cjs', 'exports.old = () => globalThis.document')
    await write('main.js', `import old from 'old/index.cjs'; globalThis.it = old.old()`)
    expect(await namesInBuild()).toStrictEqual(['old', 'rolldown'])
  })

  it('is not made when a bundled package has a licence that nobody has allowed: the build fails', async () => {
    await install('strict', 'index.js', 'export const used = () => globalThis.document', 'GPL-3.0')
    await write('main.js', `import { used } from 'strict'; globalThis.it = used()`)
    await expect(namesInBuild()).rejects.toThrow('strict 1.0.0: GPL-3.0')
  })

  it('does not mind the licence of what is shaken away', async () => {
    await install('strict', 'index.js', 'export const used = () => globalThis.document', 'GPL-3.0')
    await write(
      'main.js',
      `import { used } from 'used'; import * as strict from 'strict'; globalThis.it = used()`,
    )
    expect(await namesInBuild()).toStrictEqual(['used'])
  })
})
