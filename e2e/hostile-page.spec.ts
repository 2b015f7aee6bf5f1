import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, logInAt, test } from './fixtures/desktop.ts'

/** Every way in which a page of another origin can make a browser tryPort at a local port. */
const hostilePage = `<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>
const target = new URLSearchParams(location.search).get('target')
const rebound = target.replace('127.0.0.1', 'rebound.localhost')
const done = []
const add = (name, attributes) => {
  const element = Object.assign(document.createElement(name), attributes)
  document.body.append(element)
  done.push(name)
}
add('img', { src: target + '&by=img' })
add('script', { src: target + '&by=script' })
add('iframe', { src: target + '&by=iframe' })
add('link', { rel: 'stylesheet', href: target + '&by=style' })
add('link', { rel: 'prefetch', href: target + '&by=prefetch' })
add('audio', { src: target + '&by=audio' })
add('object', { data: target + '&by=object' })
const rules = document.createElement('script')
rules.type = 'speculationrules'
rules.textContent = JSON.stringify({ prerender: [{ urls: [target + '&by=prerender'], eagerness: 'immediate' }] })
document.head.append(rules)
const frame = document.createElement('iframe')
frame.name = 'sink'
document.body.append(frame)
for (const method of ['get', 'post']) {
  const form = Object.assign(document.createElement('form'), { action: target, method, target: 'sink' })
  for (const [name, value] of new URL(target).searchParams) {
    form.append(Object.assign(document.createElement('input'), { name, value, type: 'hidden' }))
  }
  document.body.append(form)
  form.submit()
}
navigator.sendBeacon(target + '&by=beacon', 'x')
const settled = Promise.allSettled([
  fetch(target + '&by=fetch', { mode: 'no-cors' }),
  fetch(target + '&by=cors'),
  fetch(target + '&by=credentials', { mode: 'no-cors', credentials: 'include' }),
  fetch(target + '&by=preflight', { method: 'PUT', headers: { 'x-a': 'b' } }),
  fetch(rebound + '&by=rebound', { mode: 'no-cors' }),
])
settled.then((answers) => {
  document.title = 'done'
  document.body.dataset.readable = String(answers.filter(({ value }) => value && value.type !== 'opaque').length)
})
</script>`

test('a hostile page that even knows the state settles nothing, then the real login succeeds', async ({
  launch,
  browserPage,
  simulator,
  systemBrowser,
}) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(hostilePage)
  })
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  try {
    const desktop = await launch()
    await desktop.action('sign-in').click()
    const page = await browserPage('[data-action="login"]')
    const pushed = simulator.journal.find(({ path }) => path === '/par')?.form
    const callback = new URL(pushed?.get('redirect_uri') ?? '')
    callback.search = new URLSearchParams({
      code: 'stolen',
      state: pushed?.get('state') ?? '',
      iss: simulator.issuer,
    }).toString()

    const browser = await systemBrowser.connect()
    const hostile = (await browser.contexts()[0]?.newPage()) ?? page
    await hostile.goto(`http://evil.localhost:${port}/?target=${encodeURIComponent(callback.href)}`)
    await expect(hostile).toHaveTitle('done')
    await expect(hostile.locator('body')).toHaveAttribute('data-readable', '0')
    // A rebound name as a navigation of its own.
    const rebound = await hostile.goto(callback.href.replace('127.0.0.1', 'rebound.localhost'))
    expect(rebound?.status()).toBe(421)

    await desktop.expectStatus('waiting-for-browser')
    await expect(desktop.window.locator('[data-request-rejected]')).toBeVisible()
    const log = await desktop.log()
    for (const reason of ['not a navigation', 'method', 'host']) expect(log).toContain(reason)
    expect(simulator.journal.filter(({ path }) => path === '/token')).toEqual([])

    await logInAt(page)
    await desktop.expectStatus('signed-in')
    expect(simulator.journal.filter(({ path }) => path === '/token')).toHaveLength(1)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
