import { once } from 'node:events'
import { connect } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import * as v from 'valibot'

const socket = process.env['IDPORTEN_DESKTOP_OTHER_USER'] ?? ''

/** Whether there is no process of another user to make requests (scripts/bootstrap/unprivileged.mjs starts it). */
export const noOtherUser = socket === ''

/** Behind the name of a test that needs such a process: why it is skipped; nothing when it is run. */
export const whySkipped = noOtherUser
  ? ' (SKIPPED: no process of another user, start the tests as root)'
  : ''

const answer = v.object({
  status: v.number(),
  headers: v.object({ location: v.optional(v.string()) }),
  body: v.string(),
})

const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/** Sends one request as a browser of another user of this computer that navigates a tab. */
export async function navigateAsOtherUser(
  address: string | URL,
): Promise<v.InferOutput<typeof answer>> {
  const connection = connect(socket)
  try {
    const lines = createInterface({ input: connection })
    const order = { address: new URL(address).href, headers: navigation }
    connection.write(`${JSON.stringify(order)}\n`)
    const [line]: unknown[] = await once(lines, 'line')
    return v.parse(answer, JSON.parse(String(line)))
  } finally {
    connection.destroy()
  }
}
