import { createHash } from 'node:crypto'

/** What the browser can be told. Nothing from a request is ever part of it. */
export type CallbackPage =
  | 'signed-in'
  | 'denied'
  | 'failed'
  | 'working'
  | 'cancelled'
  | 'unknown'
  | 'start-used'
  | 'too-large'
  | 'logging-out'
  | 'logged-out'

/** What is left of an attempt for the browser to see: the last page. */
export type Outcome = Extract<
  CallbackPage,
  'signed-in' | 'denied' | 'failed' | 'cancelled' | 'logged-out'
>

/** The words of the pages in the person's language. */
export interface CallbackTexts {
  readonly lang: string
  /** Shown below and in the title; left out when it is empty. */
  readonly appName: string
  /** A sentence at the foot of every page, such as a warning never to hand on its address. */
  readonly note?: string
  /**
   * Gives the title or the text of a page, or the button of `logging-out`. The text of `failed` should hold the
   * reference, which is empty on other pages.
   */
  text(page: CallbackPage, part: 'title' | 'text' | 'button', values: { reference: string }): string
}

const style = `
:root{color-scheme:light dark;--ground:#f3f3f4;--card:#fff;--text:#292c30;--quiet:#5b5d60;--line:#bbbcbd;--good:#056d13;--bad:#b81a1a;--wait:#005db1}
@media(prefers-color-scheme:dark){:root{--ground:#1e2022;--card:#26282b;--text:#ececec;--quiet:#a7a8a9;--line:#4e5052;--good:#89b289;--bad:#d19a96;--wait:#8eaacb}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--text);font:1.125rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:34rem;padding:2.5rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}
.mark{width:3rem;height:3rem;display:block;margin-bottom:1rem;color:var(--wait)}
.signed-in .mark{color:var(--good)}.failed .mark{color:var(--bad)}
h1{margin:0 0 .75rem;font-size:1.75rem;font-weight:500;line-height:1.25}
p{margin:0}
.foot{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--quiet);font-size:1rem}
`

const stroke =
  'fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"'
const ring = `<circle cx="24" cy="24" r="20" ${stroke}/>`
const signs: Record<CallbackPage, string> = {
  'signed-in': `${ring}<path d="m15 25 6 6 12-14" ${stroke}/>`,
  denied: `${ring}<path d="M16 24h16" ${stroke}/>`,
  failed: `${ring}<path d="M24 13v14m0 7v.5" ${stroke}/>`,
  working: `${ring}<path d="M24 14v10l7 5" ${stroke}/>`,
  cancelled: `${ring}<path d="M16 24h16" ${stroke}/>`,
  unknown: `${ring}<path d="M24 13v14m0 7v.5" ${stroke}/>`,
  'start-used': `${ring}<path d="M24 14v10l7 5" ${stroke}/>`,
  'too-large': `${ring}<path d="M24 13v14m0 7v.5" ${stroke}/>`,
  'logging-out': `${ring}<path d="M24 14v10l7 5" ${stroke}/>`,
  'logged-out': `${ring}<path d="m15 25 6 6 12-14" ${stroke}/>`,
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64')
const styleHash = hash(style)
const submit = 'document.forms[0].submit()'

/**
 * Headers of every answer of the listener, whatever its status.
 *
 * @see RFC 9700 §4.2 and §4.16; no CORS header, no cookie, nothing that names the software
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  Connection: 'close',
}

/** A page of its own kind that a start address shows once. */
export interface LocalPage {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Builds the page that posts itself to the provider, so that what it carries stands in no address. There
 * is no `form-action`: with one, Chromium would block the provider's own redirects that follow.
 */
export function logoutPage(
  texts: CallbackTexts,
  action: string,
  fields: Readonly<Record<string, string>>,
): LocalPage {
  const inputs = Object.entries(fields).map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const button = escapeHtml(texts.text('logging-out', 'button', { reference: '' }))
  const form = `<form method="post" action="${escapeHtml(action)}">${inputs.join('')}<noscript><button>${button}</button></noscript></form><script>${submit}</script>`
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; script-src 'sha256-${hash(submit)}'; frame-ancestors 'none'; base-uri 'none'`
  return {
    html: page('logging-out', texts, '', form),
    headers: { ...pageHeaders, 'Content-Security-Policy': policy },
  }
}

/** Builds one page as HTML: constant text, no script, nothing remote. */
export function callbackPage(name: CallbackPage, texts: CallbackTexts, reference: string): string {
  return page(name, texts, reference, '')
}

function page(name: CallbackPage, texts: CallbackTexts, reference: string, form: string): string {
  const title = escapeHtml(texts.text(name, 'title', { reference }))
  const text = escapeHtml(texts.text(name, 'text', { reference }))
  const app = escapeHtml(texts.appName)
  const foot = [escapeHtml(texts.note ?? ''), app].filter((line) => line !== '').join('<br>')
  // The one page without an outcome asks again by itself, and that request is held in its turn.
  const refresh = name === 'working' ? '<meta http-equiv="refresh" content="0">' : ''
  return `<!doctype html>
<html lang="${escapeHtml(texts.lang)}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">${refresh}<title>${title}${app && ` – ${app}`}</title><style>${style}</style></head>
<body><main class="${name}" role="${name === 'failed' ? 'alert' : 'status'}"><svg class="mark" viewBox="0 0 48 48" aria-hidden="true">${signs[name]}</svg><h1>${title}</h1><p>${text}</p>${form}${foot && `<p class="foot">${foot}</p>`}</main></body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
