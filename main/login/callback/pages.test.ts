import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { callbackPages as pages, texts } from '../../../test/support/login.ts'
import { type CallbackPage, callbackPage, logoutPage, pageHeaders } from './pages.ts'

const reference = 'REFREF'
const pageOf = (name: CallbackPage) => callbackPage(name, texts, reference)
const pagesWith = (part: string) => pages.filter((name) => pageOf(name).includes(part))
const hashOf = (html: string, element: string) => {
  const [, text = ''] = new RegExp(`<${element}>([^<]+)</${element}>`).exec(html) ?? []
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

describe('a page', () => {
  it.each(pages)('%s has its words, its sign and its name', (name) => {
    const html = pageOf(name)
    expect(html).toContain(`<h1>${name} title ${reference}</h1><p>${name} text ${reference}</p>`)
    expect(html).toContain(`<main class="${name}" role=`)
    expect(html).toMatch(/<svg [^>]+><circle [^>]+\/><path d="[^"]{8,}" [^>]+\/><\/svg>/)
    expect(html).toContain(`<title>${name} title ${reference} – ${texts.appName}</title>`)
    expect(html).toContain(`</p><p class="foot">Note<br>${texts.appName}</p></main>`)
  })

  it('alone that waits asks again by itself, and alone that tells a failure is an alert', () => {
    const others = (one: CallbackPage) => pages.filter((name) => name !== one)
    expect(pagesWith('"><meta http-equiv="refresh" content="0"><title>')).toEqual(['working'])
    expect(pagesWith('initial-scale=1"><title>')).toEqual(others('working'))
    expect(pagesWith(' role="alert">')).toEqual(['failed'])
    expect(pagesWith(' role="status">')).toEqual(others('failed'))
  })

  it('has no name of an app and no note, and no sign of them, where there is none', () => {
    const { note: _, ...noNote } = texts
    const html = callbackPage('denied', { ...noNote, appName: '' }, reference)
    expect(html).toContain(`<title>denied title ${reference}</title>`)
    expect(html).toContain(`<p>denied text ${reference}</p></main>`)
  })

  it('may have its own style and nothing else', () => {
    expect(pageHeaders['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src ${hashOf(pageOf('denied'), 'style')}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    )
    expect(pageOf('denied')).not.toMatch(/<script|<form|src=|href=/)
  })
})

describe('the page of a logout', () => {
  const { html, headers } = logoutPage(texts, 'https://issuer.test/logout?a=1&b="2"', {
    id_token_hint: 'a.b.c',
    'na"me': '<value>',
  })

  it('posts its fields by itself, or by a button where there are no scripts', () => {
    const form = [
      '<form method="post" action="https://issuer.test/logout?a=1&#38;b=&#34;2&#34;">',
      '<input type="hidden" name="id_token_hint" value="a.b.c">',
      '<input type="hidden" name="na&#34;me" value="&#60;value&#62;">',
      '<noscript><button>logging-out button </button></noscript></form>',
      '<script>document.forms[0].submit()</script>',
    ]
    expect(html).toContain(`<p>logging-out text </p>${form.join('')}<p class="foot">`)
  })

  it('may have its own style and script, send its form anywhere, and nothing else', () => {
    const policy = `default-src 'none'; style-src ${hashOf(html, 'style')}; script-src ${hashOf(html, 'script')}; frame-ancestors 'none'; base-uri 'none'`
    expect(headers).toEqual({ ...pageHeaders, 'Content-Security-Policy': policy })
  })
})
