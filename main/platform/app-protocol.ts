import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { protocol, type Session } from 'electron'

export const appOrigin = 'app://bundle'
export const appUrl = `${appOrigin}/index.html`

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** The renderer fetches nothing and runs nothing but its own files. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** Must run before `ready`. No fetch support: nothing in the page needs it. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: false, codeCache: true },
    },
  ])
}

/**
 * Serves the built renderer to one session. What can be served is a list made at the start, so that
 * no path of a request is ever joined to a folder.
 *
 * @param firstView names the page that shows what the window is about to show anyway; null when there is none
 */
export function serveRenderer(
  session: Session,
  folder: string,
  firstView: () => string | null,
): void {
  const files = new Map(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [`/${relative(folder, file).split(sep).join('/')}`, file]),
  )
  session.protocol.handle('app', async (request) => {
    const url = new URL(request.url)
    const view = url.href === appUrl ? firstView() : null
    const file = files.get(view === null ? url.pathname : `/${view}`)
    const type = types[extname(url.pathname)]
    const refused =
      request.method !== 'GET' || url.origin !== new URL(appUrl).origin || url.search !== ''
    if (refused || url.host !== 'bundle' || file === undefined || type === undefined) {
      return new Response(null, { status: 404, headers })
    }
    return new Response(await readFile(file), { headers: { ...headers, 'Content-Type': type } })
  })
}
