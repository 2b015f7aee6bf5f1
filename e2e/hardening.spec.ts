import { readFile } from 'node:fs/promises'
import process from 'node:process'
import manifest from '../package.json' with { type: 'json' }
import { whatReleaseLacks } from '../scripts/package/release.ts'
import { administrator } from '../test/support/administrator.ts'
import { type Desktop, expect, logInAt, startAgain, test } from './fixtures/desktop.ts'
import { installed, installTestFlavour } from './fixtures/packaged.ts'

/**
 * Electron's security checklist, item by item (the numbers that a name begins with), in the installed app where an
 * administrator can install it, else in the built one. scripts/hardening-table.ts makes docs/hardening.md of it.
 */

test.beforeAll('install the flavour for tests', installTestFlavour)

test.beforeEach(() => {
  const description = installed ? 'installed' : 'built'
  test.info().annotations.push({ type: 'app', description })
})

test.afterAll('leave the computer as it was', async () => {
  if (installed) await administrator.leave()
})

const appUrl = 'app://bundle/index.html'
const blockedByPolicy = [
  /Content Security Policy/,
  /Refused to/,
  /Trusted(Script|HTML)/,
  /net::ERR_/,
  /Not allowed/,
]

/** Asked through main: Playwright itself waits for a navigation that was begun and denied. */
async function expectUnmoved({ app }: Desktop): Promise<void> {
  const look = () =>
    app.evaluate(async ({ BrowserWindow }) =>
      Promise.all(
        BrowserWindow.getAllWindows().map(async ({ webContents }) => ({
          address: webContents.getURL(),
          control: await webContents.executeJavaScript(
            `document.querySelector('[data-action="sign-in"]') !== null`,
          ),
        })),
      ),
    )
  await expect.poll(look).toEqual([{ address: appUrl, control: true }])
}

/** What is seen in an app that is left alone, so all of it in one. */
const looks: Readonly<Record<string, (desktop: Desktop) => Promise<void>>> = {
  '1, 18: shows nothing but its own page, over its own protocol': async (desktop) => {
    expect(desktop.window.url()).toBe(appUrl)
    await expectUnmoved(desktop)
  },
  '2: gives no Node to the page': async ({ window }) => {
    const found = await window.evaluate(() =>
      ['require', 'process', 'module', 'Buffer', 'global', 'electron', 'ipcRenderer'].filter(
        (name) => name in globalThis,
      ),
    )
    expect(found).toEqual([])
  },
  '3, 20: offers named functions on a frozen bridge, and nothing of Electron': async ({
    window,
  }) => {
    const bridge = await window.evaluate(() => {
      const offered: unknown = Reflect.get(globalThis, 'idporten')
      if (typeof offered !== 'object' || offered === null) return null
      const replaced = Reflect.set(offered, 'signIn', () => 'mine')
      return {
        names: Object.keys(offered).toSorted(),
        types: [...new Set(Object.values(offered).map((value) => typeof value))],
        replaced: replaced && String(Reflect.get(offered, 'signIn')).includes('mine'),
      }
    })
    expect(bridge).toEqual({
      names: [
        'callApi',
        'cancel',
        'chooseProfile',
        'copyContents',
        'copyLink',
        'copyRequest',
        'exportAttempt',
        'getSnapshot',
        'inspect',
        'onSnapshot',
        'prolong',
        'renew',
        'reopenBrowser',
        'restartToUpdate',
        'revealPid',
        'setLanguage',
        'signIn',
        'signOut',
        'switchUser',
      ],
      types: ['function'],
      replaced: false,
    })
  },
  '3, 4, 6, 8, 9, 10, 11: has every web preference on the safe side': async ({ app }) => {
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      const read: unknown = contents && Reflect.get(contents, 'getLastWebPreferences')
      return typeof read === 'function' ? (Reflect.apply(read, contents, []) as object) : {}
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
    })
    // These are listed only when they are on.
    for (const name of ['nodeIntegrationInWorker', 'navigateOnDragDrop', 'experimentalFeatures']) {
      expect(preferences).not.toMatchObject({ [name]: true })
    }
  },
  '4: runs the page in the sandbox of the system, as /proc tells': async ({ app, window }) => {
    await window.waitForLoadState()
    const pids = await app.evaluate(({ BrowserWindow }) => ({
      renderer: BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0,
      main: process.pid,
    }))
    const status = await readFile(`/proc/${pids.renderer}/status`, 'utf8')
    expect(/^Seccomp:\s+(\d)$/m.exec(status)?.[1], 'seccomp filter').toBe('2')
    for (const pid of [pids.main, pids.renderer]) {
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('no-sandbox')
    }
  },
  '16: runs on the pinned Electron, or on one that a release refuses': async ({ app }) => {
    const version = await app.evaluate(() => process.versions['electron'] ?? '')
    const official = version === manifest.devDependencies.electron
    const lacks = whatReleaseLacks({ runtime: { version, official }, platform: 'linux' })
    expect(lacks).toHaveLength(official ? 0 : 1)
  },
  '18: serves only the files of the build': async ({ app }) => {
    const answers = await app.evaluate(async ({ session }) => {
      const own = session.fromPartition('window')
      const addresses = [
        'app://bundle/index.html',
        'app://bundle/',
        'app://bundle/../main/index.js',
        'app://bundle/%2e%2e/main/index.js',
        'app://bundle/..%2fmain%2findex.js',
        'app://bundle/%5c..%5cmain%5cindex.js',
        'app://bundle//etc/passwd',
        'app://bundle/index.html?x=1',
        'app://bundle/index.html%00',
        'app://other/index.html',
      ]
      const statuses = await Promise.all(
        addresses.map(
          async (address) => (await own.fetch(address).catch(() => ({ status: 0 }))).status,
        ),
      )
      const posted = await own.fetch('app://bundle/index.html', { method: 'POST' })
      return { ok: statuses[0], others: [...new Set([...statuses.slice(1), posted.status])] }
    })
    expect(answers).toEqual({ ok: 200, others: [404] })
  },
  'fetches no dictionary from anybody: the spell checker is off in every session': async ({
    app,
  }) => {
    const on = await app.evaluate(({ session }) =>
      [
        session.defaultSession,
        session.fromPartition('window', { cache: false }),
        session.fromPartition('provider', { cache: false }),
      ].map((each) => each.isSpellCheckerEnabled()),
    )
    expect(on).toEqual([false, false, false])
  },
  'has no default menu': async ({ app }) => {
    expect(await app.evaluate(({ Menu }) => Menu.getApplicationMenu())).toBe(null)
  },
}

/** What a page might try, which leaves the app as it was. */
const attacks: Readonly<Record<string, (desktop: Desktop) => Promise<void>>> = {
  '7: sends the content security policy as a header, and it blocks scripts, styles and requests':
    async (desktop) => {
      const policy = await desktop.app.evaluate(async ({ session }) => {
        const response = await session.fromPartition('window').fetch('app://bundle/index.html')
        return response.headers.get('content-security-policy')
      })
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("connect-src 'none'")
      expect(policy).not.toContain('unsafe')
      const blocked = await desktop.window.evaluate(async () => {
        const violations = new Set<string>()
        const allViolated = new Promise<void>((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => {
            violations.add(event.effectiveDirective)
            if (violations.size === 3) resolve()
          })
        })
        let script = 'loaded'
        try {
          document.head.append(
            Object.assign(document.createElement('script'), { src: 'https://example.org/x.js' }),
          )
        } catch {
          // Trusted types refuse the address before the policy on scripts is asked.
          script = 'blocked'
        }
        const frame = document.createElement('iframe')
        frame.src = 'https://example.org/'
        document.body.append(frame)
        const fetched = await fetch('https://example.org/').then(
          () => 'fetched',
          () => 'blocked',
        )
        let inline = 'blocked'
        try {
          document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=1>')
          inline = 'inserted'
        } catch {
          // Trusted types refuse the text.
        }
        await allViolated
        frame.remove()
        return { fetched, inline, script, violations: [...violations].toSorted() }
      })
      expect(blocked.fetched).toBe('blocked')
      expect(blocked.inline).toBe('blocked')
      expect(blocked.script).toBe('blocked')
      expect(blocked.violations).toEqual(['connect-src', 'frame-src', 'require-trusted-types-for'])
      await expectUnmoved(desktop)
    },
  '12: does not attach a webview': async (desktop) => {
    await desktop.window.evaluate(() => {
      const view = document.createElement('webview')
      view.setAttribute('src', 'https://example.org/')
      document.body.append(view)
    })
    const kinds = await desktop.app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => contents.getType()),
    )
    expect(kinds).toEqual(['window'])
  },
  '13: refuses to navigate, whichever way the page tries': async (desktop) => {
    await desktop.window.evaluate(() => {
      const click = (target: string): void => {
        for (const href of [
          'https://example.org/',
          'file:///etc/passwd',
          'data:text/html,x',
          'app://other/',
        ]) {
          const link = document.createElement('a')
          link.href = href
          link.target = target
          document.body.append(link)
          link.click()
          link.remove()
        }
      }
      click('_self')
      click('_top')
      const form = document.createElement('form')
      form.action = 'https://example.org/'
      document.body.append(form)
      form.submit()
      form.remove()
      location.href = 'https://example.org/'
    })
    await expect.poll(desktop.log).toMatch(/denied \{"what":"(frame )?navigation"\}/)
    await expectUnmoved(desktop)
  },
  '14: opens no second window': async (desktop) => {
    const opened = await desktop.window.evaluate(() => {
      const link = document.createElement('a')
      link.href = 'https://example.org/'
      link.target = '_blank'
      link.rel = 'noopener'
      document.body.append(link)
      link.click()
      link.remove()
      return window.open('https://example.org/') !== null
    })
    expect(opened).toBe(false)
    await expect.poll(desktop.log).toContain('denied {"what":"window"}')
    await expectUnmoved(desktop)
  },
}

test('is on the safe side in everything that can be looked at', async ({ launch }) => {
  const desktop = await launch({ installed })
  for (const [what, look] of Object.entries(looks)) await test.step(what, () => look(desktop))
})

test('holds against what a page might try', async ({ launch }) => {
  const desktop = await launch({ installed, expectedErrors: blockedByPolicy })
  for (const [what, attack] of Object.entries(attacks)) {
    await test.step(what, () => attack(desktop))
  }
})

test('5: denies every permission', async ({ launch }) => {
  const { window } = await launch({ installed, expectedErrors: [/./] })
  const answers = await window.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read']
    const states = await Promise.all(
      names.map(async (name) => {
        const status = await navigator.permissions.query({ name: name as PermissionName })
        return status.state
      }),
    )
    const outcome = async (ask: () => Promise<unknown>): Promise<string> =>
      await ask().then(
        () => 'granted',
        () => 'refused',
      )
    return {
      states: [...new Set(states)],
      camera: await outcome(() => navigator.mediaDevices.getUserMedia({ video: true })),
      screen: await outcome(() => navigator.mediaDevices.getDisplayMedia()),
      clipboard: await outcome(() => navigator.clipboard.readText()),
      place: await outcome(
        () =>
          new Promise((resolve, reject) =>
            navigator.geolocation.getCurrentPosition(resolve, reject),
          ),
      ),
    }
  })
  expect(answers).toEqual({
    states: ['denied'],
    camera: 'refused',
    screen: 'refused',
    clipboard: 'refused',
    place: 'refused',
  })
})

test('15: takes no address from the page, and opens only its own start address', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch({ installed })
  await desktop.app.evaluate(({ shell }) => {
    const real = shell.openExternal.bind(shell)
    shell.openExternal = async (url) => {
      Reflect.set(globalThis, 'openedAddress', url)
      await real(url)
    }
  })
  const reply = await desktop.window.evaluate(async () => {
    const bridge: unknown = Reflect.get(globalThis, 'idporten')
    const signIn: unknown = Reflect.get(bridge as object, 'signIn')
    return typeof signIn === 'function' ? await signIn('https://example.org/') : null
  })
  expect(reply).toEqual({ ok: false, code: 'E_IPC_INVALID_ARGUMENTS' })
  await desktop.expectStatus('signed-out')

  await desktop.action('sign-in').click()
  await browserPage('[data-action="login"]')
  const opened = await desktop.app.evaluate(
    () => Reflect.get(globalThis, 'openedAddress') as string,
  )
  expect(opened).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/)
})

test('lets a second start only show the first window', async ({ launch }) => {
  const desktop = await launch({ installed })
  await desktop.expectStatus('signed-out')
  const visible = (): Promise<boolean | undefined> =>
    desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide())
  await expect.poll(visible).toBe(false)
  await startAgain(desktop, '--config=/elsewhere.json', 'https://example.org/')
  await expect.poll(visible).toBe(true)
  await expectUnmoved(desktop)
})

test('sends the provider no cookie, not even one that its session holds', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch({ installed })
  await desktop.app.evaluate(async ({ session }, url) => {
    await session.fromPartition('provider').cookies.set({ url, name: 'tracker', value: '1' })
  }, simulator.issuer)
  await desktop.action('sign-in').click()
  await logInAt(await browserPage('[data-action="login"]'))
  await desktop.expectStatus('signed-in')
  const own = simulator.journal.filter(({ path }) => /token|par|jwks|well-known/.test(path))
  expect(own.length).toBeGreaterThan(3)
  expect(own.filter(({ headers }) => headers.cookie !== undefined)).toEqual([])
})
