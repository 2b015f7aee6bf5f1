import { once } from 'node:events'
import { connect } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import * as v from 'valibot'

const socket = process.env['IDPORTEN_DESKTOP_ADMINISTRATOR'] ?? ''

/** Whether there is nobody to install the app (scripts/bootstrap/companions.mjs starts the administrator). */
export const noAdministrator = socket === ''

/** Behind the name of a test that needs the administrator: why it is skipped; nothing when it is run. */
export const whyNotInstalled = noAdministrator
  ? ' (SKIPPED: no administrator, start the tests as root on Debian)'
  : ''

// In this order: the second takes whatever it does not know.
const answer = v.union([
  v.object({ error: v.string() }),
  v.object({ said: v.optional(v.string()) }),
])

/** What the administrator of scripts/bootstrap/administrator.mjs can be asked for. */
export const administrator = {
  /** Installs or upgrades the app by dpkg; gives what dpkg said. */
  install: async (file: string) => await ask({ order: 'install', file }),
  purge: async () => await ask({ order: 'purge' }),
  /** Puts another executable in the place of the installed one. */
  replaceExecutable: async (file: string) => await ask({ order: 'replaceExecutable', file }),
  /** Writes the machine's profile, which belongs to root and that nobody else can write to, unless told otherwise. */
  setProfile: async (profile: object, rights: { owner?: number; mode?: number } = {}) =>
    await ask({ order: 'profile', text: JSON.stringify(profile), ...rights }),
  /** Starts the installed app for a user who may not create user namespaces; gives its debugging address. */
  startWithoutNamespaces: async (args: readonly string[]) =>
    await ask({
      order: 'startWithoutNamespaces',
      args,
      env: process.env,
    }),
  /** Starts the installed app as another user on the same display; gives its debugging address. */
  startAsOther: async (args: readonly string[]) =>
    await ask({ order: 'startAsOther', args, env: process.env }),
  /** What keeps each page of the installed app in, as the kernel tells. */
  sandboxes: async () =>
    v.parse(
      v.array(v.object({ seccomp: v.string(), seesOthers: v.boolean() })),
      JSON.parse(await ask({ order: 'sandboxes' })),
    ),
  endConfined: async () => await ask({ order: 'endConfined' }),
  /** Ends, removes and forgets all that was asked for. */
  leave: async () => {
    await ask({ order: 'endConfined' })
    await ask({ order: 'purge' })
    await ask({ order: 'forgetProfile' })
  },
}

async function ask(order: Readonly<Record<string, unknown>>): Promise<string> {
  const connection = connect(socket)
  try {
    const lines = createInterface({ input: connection })
    connection.write(`${JSON.stringify(order)}\n`)
    const [line]: unknown[] = await once(lines, 'line')
    const answered = v.parse(answer, JSON.parse(String(line)))
    if ('error' in answered) throw new Error(answered.error)
    return answered.said ?? ''
  } finally {
    connection.destroy()
  }
}
