import type { OutgoingHttpHeaders } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'
import { changes, json, reply } from './fault.ts'
import type { Fault, Wire } from './fault.ts'
import { directSteps, jsonSteps } from './steps.ts'

/** Bytes of the largest body that ends. */
const hugeBytes = 100 * 1024 * 1024
const bombBytes = 1024 * 1024 * 1024

/** White space, which JSON allows in front: who reads it all gets the right answer in the end. */
function* spaces(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    yield chunk
  }
}

/** Sends as fast as the client reads; a client that goes away is no error. */
function stream(
  { response }: Wire,
  headers: OutgoingHttpHeaders,
  bytes: number,
  end: string | Buffer,
) {
  response.writeHead(200, headers)
  const source = Readable.from(
    (function* () {
      yield* spaces(bytes)
      yield Buffer.from(end)
    })(),
  )
  if (headers['content-encoding'] === 'gzip') {
    pipeline(source, createGzip({ level: 1 }), response, () => {})
  } else {
    pipeline(source, response, () => {})
  }
}

/** Answers that are too large, or compressed. */
export const sizeFaults = {
  'huge-body': {
    summary: '100 MB of white space before the right answer.',
    steps: jsonSteps,
    changes: true,
    play: (wire) => stream(wire, json, hugeBytes, wire.answer.body),
  },
  'endless-chunked': {
    summary: 'White space without an end, as fast as it is read.',
    steps: directSteps,
    play: (wire) => stream(wire, json, Infinity, ''),
  },
  'gzip-bomb': {
    summary: '1 GB of white space before the right answer, compressed to 1 MB or so.',
    steps: jsonSteps,
    changes: true,
    play: (wire) =>
      stream(wire, { ...json, 'content-encoding': 'gzip' }, bombBytes, wire.answer.body),
  },
  'not-gzip': changes('The right answer, said to be compressed.', jsonSteps, (_, { headers }) => ({
    headers: { ...headers, 'content-encoding': 'gzip' },
  })),
  'huge-headers': {
    summary: 'The right answer with a header of 1 000 000 bytes.',
    steps: jsonSteps,
    changes: true,
    play: (wire) =>
      reply(wire, {
        ...wire.answer,
        headers: { ...wire.answer.headers, 'x-more': 'a'.repeat(1e6) },
      }),
  },
} as const satisfies Record<string, Fault>
