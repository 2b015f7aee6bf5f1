/**
 * Takes the pictures of `npm run pictures`, inside a display. The window is the app's own; what it shows is told to
 * it in place of main, from a list. Usage: take-pictures.ts <executable of Electron> [pattern for the names of states]
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { _electron, chromium } from 'playwright'
import type { ElectronApplication, Page } from 'playwright'
import { callbackPage } from '../main/login/callback/pages.ts'
import { callbackTexts } from '../main/platform/callback-texts.ts'
import { languages } from '../preload/contract.ts'
import { browserCommands, findCommand } from './bootstrap/system-packages.mjs'
import { callbackPages } from '../test/support/login.ts'
import { picturedStates } from '../test/support/pictured-states.ts'
import { resize, tell } from '../test/support/told-window.ts'
import { withSimulator } from './simulated-profile.ts'

const folder = path.join('artifacts', 'pictures')
const schemes = ['light', 'dark'] as const
const widths = [320, 720, 1100] as const

interface Picture {
  readonly state: string
  readonly language: string
  readonly scheme: string
  readonly width: number
  readonly file: string
}

const [executablePath, pattern = ''] = process.argv.slice(2)
if (executablePath === undefined) throw new TypeError('the executable of Electron is needed')
const chosen = new RegExp(pattern)
const pictures: Picture[] = []

async function take(page: Page, about: Omit<Picture, 'file'>): Promise<void> {
  const { state, language, scheme, width } = about
  const file = `${state} ${language} ${scheme} ${width}.png`.replaceAll(/[^\w.-]+/g, '-')
  await page.screenshot({ path: path.join(folder, file), fullPage: true, animations: 'disabled' })
  pictures.push({ ...about, file })
}

async function takeWindow(app: ElectronApplication): Promise<void> {
  const window = await app.firstWindow()
  await window.locator('html[data-status="signed-out"]').waitFor()
  const names = Object.keys(picturedStates).filter((name) => chosen.test(name))
  for (const width of widths) {
    await resize(app, window, { width, height: 860 })
    for (const scheme of schemes) {
      await window.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      for (const language of languages) {
        process.stdout.write(`window: ${width} px, ${scheme}, ${language}\n`)
        for (const state of names) {
          const snapshot = picturedStates[state]
          if (snapshot === undefined) throw new Error(`no state ${state}`)
          await tell(app, window, { ...snapshot, language })
          await take(window, { state, language, scheme, width })
        }
      }
    }
  }
}

async function takeBrowserPages(): Promise<void> {
  const browser = await chromium.launch({ executablePath: findCommand(browserCommands) ?? '' })
  for (const scheme of schemes) {
    const page = await browser.newPage({
      colorScheme: scheme,
      viewport: { width: 720, height: 600 },
    })
    for (const language of languages) {
      const texts = callbackTexts(language)
      for (const name of callbackPages) {
        const state = `browser: ${name}`
        if (!chosen.test(state)) continue
        // Without what makes it ask again by itself.
        const html = callbackPage(name, texts, name === 'failed' ? '7F3K-92QD' : '')
        await page.setContent(html.replace(/<meta http-equiv="refresh"[^>]*>/, ''))
        await take(page, { state, language, scheme, width: 720 })
      }
    }
    await page.close()
  }
  await browser.close()
}

/** A table for each width: a row for each state, a column for each language and scheme. */
function overview(): string {
  const cell = ({ file, language, scheme }: Picture): string =>
    `<td><a href="${file}"><img loading="lazy" src="${file}" alt="${language}, ${scheme}"></a></td>`
  const table = (width: number): string => {
    const taken = pictures.filter((picture) => picture.width === width)
    const states = [...new Set(taken.map(({ state }) => state))]
    const rows = states.map((state) => {
      const row = taken.filter((picture) => picture.state === state)
      return `<tr><th>${state}</th>${row.map(cell).join('')}</tr>`
    })
    const heads = schemes.flatMap((scheme) => languages.map((language) => `${language}, ${scheme}`))
    return `<h2>${width} px</h2><table><tr><th></th>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>${rows.join('')}</table>`
  }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Pictures</title>
<style>body{font:1rem system-ui}td{vertical-align:top}img{width:16rem;border:1px solid #999}th{position:sticky;left:0;background:#fff;text-align:left}</style>
<h1>${pictures.length} pictures</h1>${widths.map(table).join('')}</html>`
}

await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
await withSimulator(async ({ args }) => {
  const app = await _electron.launch({
    executablePath,
    args: ['.', ...args],
    chromiumSandbox: true,
  })
  try {
    await takeWindow(app)
  } finally {
    await app.close()
  }
})
await takeBrowserPages()
await writeFile(path.join(folder, 'index.html'), overview())
process.stdout.write(`${pictures.length} pictures: ${path.join(folder, 'index.html')}\n`)
