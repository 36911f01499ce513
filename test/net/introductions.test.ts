import { expect, test } from 'vitest'
import type { Connection } from '../../src/net/connection.ts'
import { Introductions } from '../../src/net/introductions.ts'
import { createLog } from '../../src/observe/log.ts'

const [PRODUCE, FETCH, METADATA, API_VERSIONS] = [0, 1, 3, 18] as const

function stage() {
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'info',
    thread: 'shard-0',
    stream: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  return { lines, introductions: new Introductions(log, ['PLAINTEXT', 'INSIDE']) }
}

function connection(clientSoftware = 'librdkafka 2.8.0'): Connection {
  return { listener: 1, clientSoftware, versions: [], isIntroduced: false } as unknown as Connection
}

test('a connection is introduced with its first request that is work, with what it asked before', () => {
  const { lines, introductions } = stage()
  const client = connection()
  introductions.onRequest(client, API_VERSIONS, 4, 'shop', 0)
  introductions.onRequest(client, METADATA, 12, 'shop', 0)
  expect([lines.length, client.isIntroduced]).toEqual([0, false])
  introductions.onRequest(client, PRODUCE, 10, 'shop', 0)
  expect(client.isIntroduced).toBe(true)
  expect(lines).toMatchObject([
    {
      msg: 'a client begins',
      clientSoftware: 'librdkafka 2.8.0',
      clientId: 'shop',
      listener: 'INSIDE',
      versions: ['ApiVersions 4', 'Metadata 12', 'Produce 10'],
    },
  ])
})

test('ten lines a second; the next one says how many were left out', () => {
  const { lines, introductions } = stage()
  for (let i = 0; i < 25; i++) introductions.onRequest(connection(), FETCH, 12, null, i)
  expect(lines).toHaveLength(10)
  introductions.onRequest(connection(), FETCH, 12, null, 1000)
  expect(lines).toHaveLength(11)
  expect(lines[10]).toMatchObject({ omitted: 15 })
  introductions.onRequest(connection(), FETCH, 12, null, 1000)
  expect(lines[11]).not.toHaveProperty('omitted')
})

test('names are cut, what is asked for ever is not kept, and a key that nobody knows is nobody', () => {
  const { lines, introductions } = stage()
  const client = connection('x'.repeat(1000))
  for (let i = 0; i < 100; i++) introductions.onRequest(client, METADATA, 12, null, 0)
  introductions.onRequest(client, 99, 0, null, 0)
  expect([client.versions.length, client.isIntroduced]).toEqual([4, false])
  introductions.onRequest(client, FETCH, 12, 'y'.repeat(1000), 0)
  expect(client.versions.at(-1)).toBe('Fetch 12')
  expect(lines).toMatchObject([{ clientSoftware: 'x'.repeat(128), clientId: 'y'.repeat(128) }])
})
