import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const pages = ['.', 'docs', 'main/login', 'examples', 'assets/locales'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name)),
)

interface Link {
  readonly text: string
  readonly file: string
  readonly heading: string | undefined
}

/** The links of a page to something in this repository; a text in quotation marks may hold brackets. */
function linksOf(page: string): Link[] {
  const links = readFileSync(page, 'utf8').matchAll(/\[((?:"[^"]*"|[^\]])*)\]\(([^)\s]+)\)/g)
  return Array.from(links, ([, text = '', target = '']) => ({ text, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .map(({ text, target }) => {
      const [to = '', heading] = target.split('#')
      return { text, file: to === '' ? page : path.join(path.dirname(page), to), heading }
    })
}

/** What a page's headings are called in an address. */
function headingsOf(page: string): string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)
  return Array.from(headings, ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const isThere = ({ file, heading }: Link): boolean =>
  existsSync(file) && (heading === undefined || headingsOf(file).includes(heading))

describe('the documentation', () => {
  test.each(pages)('%s leads nowhere that is not there', (page) => {
    expect(linksOf(page).filter((link) => !isThere(link))).toEqual([])
  })
})
