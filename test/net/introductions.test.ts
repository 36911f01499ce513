import { expect, test } from 'vitest'
import type { Connection } from '../../src/net/connection.ts'
import { Introductions } from '../../src/net/introductions.ts'
import { LimitedLog } from '../../src/observe/limited-log.ts'
import { createLog } from '../../src/observe/log.ts'

const [PRODUCE, FETCH, METADATA, API_VERSIONS] = [0, 1, 3, 18] as const

function stage() {
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'info',
    thread: 'shard-0',
    stream: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  const limited = new LimitedLog(log, 10, () => 0)
  return { lines, introductions: new Introductions(limited, ['PLAINTEXT', 'INSIDE']) }
}

function connection(clientSoftware = 'librdkafka 2.8.0'): Connection {
  return {
    listener: 1,
    clientSoftware,
    peer: '127.0.0.1:5',
    versions: [],
    isIntroduced: false,
  } as unknown as Connection
}

test('a connection is introduced with its first request that is work, with what it asked before', () => {
  const { lines, introductions } = stage()
  const client = connection()
  introductions.onRequest(client, API_VERSIONS, 4, 'shop')
  introductions.onRequest(client, METADATA, 12, 'shop')
  expect([lines.length, client.isIntroduced]).toEqual([0, false])
  introductions.onRequest(client, PRODUCE, 10, 'shop')
  expect(client.isIntroduced).toBe(true)
  expect(lines).toMatchObject([
    {
      msg: 'a client begins',
      clientSoftware: 'librdkafka 2.8.0',
      clientId: 'shop',
      listener: 'INSIDE',
      peer: '127.0.0.1:5',
      versions: ['ApiVersions 4', 'Metadata 12', 'Produce 10'],
    },
  ])
})

test('names are cut, what is asked for ever is not kept, and a key that nobody knows is nobody', () => {
  const { lines, introductions } = stage()
  const client = connection('x'.repeat(1000))
  for (let i = 0; i < 100; i++) introductions.onRequest(client, METADATA, 12, null)
  introductions.onRequest(client, 99, 0, null)
  expect([client.versions.length, client.isIntroduced]).toEqual([4, false])
  introductions.onRequest(client, FETCH, 12, 'y'.repeat(1000))
  expect(client.versions.at(-1)).toBe('Fetch 12')
  expect(lines).toMatchObject([{ clientSoftware: 'x'.repeat(128), clientId: 'y'.repeat(128) }])
})
