/**
 * Makes web requests as another user of the computer, for the tests of what such a user may not do. Root
 * starts it (scripts/bootstrap/unprivileged.mjs) as that user and with nothing of its own; it takes orders on a Unix
 * socket, one line of JSON each, goes to plain http addresses of 127.0.0.1 only, and ends with its
 * standard input. Usage: node --input-type=module --eval <this text> <socket>
 */
import { request } from 'node:http'
import { createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'

if (process.getuid?.() === 0) throw new Error('This is not for root.')
const [socket] = process.argv.slice(1)
if (socket === undefined) throw new Error('Usage: other-user.mjs <socket>')

/**
 * @param {string} order
 * @returns {Promise<object>} status, headers and body of the answer
 */
async function obey(order) {
  /** @type {{ address: string, headers: Record<string, string> }} */
  const { address, headers } = JSON.parse(order)
  const url = new URL(address)
  if (url.protocol !== 'http:' || url.hostname !== '127.0.0.1') throw new Error('not loopback')
  return await new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers, timeout: 10_000 }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text) => (body += text))
      answer.once('error', reject)
      answer.once('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body }),
      )
    })
    asked.once('timeout', () => asked.destroy(new Error('timeout')))
    asked.once('error', reject)
    asked.end()
  })
}

const server = createServer((connection) => {
  connection.on('error', () => {})
  createInterface({ input: connection }).on('line', (line) => {
    void obey(line)
      .catch((error) => ({ error: String(error) }))
      .then((answer) => connection.write(`${JSON.stringify(answer)}\n`))
  })
})
// Who may connect is up to the folder.
process.umask(0)
server.listen(socket, () => process.stdout.write('ready\n'))
process.stdin.resume().once('close', () => process.exit())
