// The client against brokers that don't keep to the protocol, or are older than it.
import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { metadata } from '../../src/client/apis.ts'
import { Client } from '../../src/client/client.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** A broker that answers each frame with what `answer` makes of its body; nothing for null. */
async function broker(answer: (apiVersion: number, correlationId: number) => Buffer | null): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (frame) => {
      const bytes = answer((frame as Buffer).readInt16BE(6), (frame as Buffer).readInt32BE(8))
      if (bytes !== null) socket.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

const int16 = (value: number) => Buffer.from([value >> 8, value])
const int32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value])
function frame(correlationId: number, body: Buffer): Buffer {
  return Buffer.concat([int32(4 + body.length), int32(correlationId), body])
}
/** ApiVersions' answer in version 0. */
function versions(error: number, ...apis: [number, number, number][]): Buffer {
  return Buffer.concat([int16(error), int32(apis.length), ...apis.flat().map(int16)])
}

const connect = (port: number) => Client.connect({ host: '127.0.0.1', port }, { timeoutMs: 200 })

test('an older broker is asked again in its own version, and then in versions that both know', async () => {
  const asked: number[] = []
  const port = await broker((apiVersion, correlationId) => {
    asked.push(apiVersion)
    return frame(correlationId, apiVersion > 0 ? versions(35, [18, 0, 0]) : versions(0, [18, 0, 0], [3, 0, 5]))
  })
  const client = await connect(port)
  expect(asked).toEqual([4, 0])
  expect(client.versionOf(metadata)).toBe(5)
  expect(() => client.versionOf({ ...metadata, minVersion: 6 })).toThrow('serves Metadata in versions 0 to 5 only')
  expect(() => client.versionOf({ ...metadata, key: 7, name: 'Later' })).toThrow('does not serve Later')
  client.close()
})

test.each([
  ['names no version', () => versions(35)],
  ['names ours after it refused it', () => versions(35, [18, 0, 4])],
])('a broker that %s is not asked for ever', async (_case, body) => {
  const port = await broker((_, correlationId) => frame(correlationId, body()))
  await expect(connect(port)).rejects.toThrow('names no version')
})

test.each([
  ['an answer to another question', () => frame(77, versions(0)), 'it is to question 77, not to 0'],
  ['a negative length', () => int32(-5), 'no length of an answer'],
  ['a length beyond all bounds', () => int32(0x7fffffff), 'no length of an answer'],
  ['an answer that is cut short', () => frame(0, Buffer.from([0, 0])), 'cannot be read'],
  ['nothing', () => null, 'did not answer in 200 ms'],
])('%s is an error that says so', async (_case, answer, words) => {
  const port = await broker(answer)
  await expect(connect(port)).rejects.toThrow(words)
})

test('what was asked when the connection ends is rejected, and so is what comes after', async () => {
  let frames = 0
  const port = await broker((_, correlationId) => {
    if (frames++ === 0)
      return frame(
        correlationId,
        Buffer.concat([
          int16(0),
          Buffer.from([2]),
          int16(3),
          int16(0),
          int16(9),
          Buffer.from([0]),
          int32(0),
          Buffer.from([0]),
        ]),
      )
    return int32(-1)
  })
  const client = await connect(port)
  const request = {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  const [one, two] = [client.request(metadata, request), client.request(metadata, request)]
  await expect(one).rejects.toThrow('no length of an answer')
  await expect(two).rejects.toThrow('no length of an answer')
  await expect(client.request(metadata, request)).rejects.toThrow('no length of an answer')
})
