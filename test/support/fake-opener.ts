import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { createMailbox } from './login.ts'

/** Stands in for the system's opener of a browser in a program that a test starts. */
export interface FakeOpener {
  /** The `PATH` of that program: the fake opener comes first. */
  readonly path: string
  /** The addresses that the opener was given. */
  readonly opened: ReturnType<typeof createMailbox<string>>
  readonly close: () => Promise<void>
}

/** Puts `xdg-open` and `open` into a folder, which tell the test the address that they are given. */
export async function createFakeOpener(folder: string): Promise<FakeOpener> {
  const opened = createMailbox<string>()
  const server = createServer((request, response) => {
    opened.put(decodeURIComponent(request.url?.slice(1) ?? ''))
    response.end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const script = `await fetch('http://127.0.0.1:${port}/' + encodeURIComponent(process.argv[1]))`
  await mkdir(folder, { recursive: true })
  for (const name of ['xdg-open', 'open']) {
    // oxlint-disable-next-line no-await-in-loop
    await writeFile(
      join(folder, name),
      `#!/bin/sh\nexec '${process.execPath}' --input-type=module -e "${script}" "$1"\n`,
      { mode: 0o755 },
    )
  }
  return {
    path: [folder, process.env['PATH']].join(delimiter),
    opened,
    close: () => new Promise((done) => server.close(() => done())),
  }
}
