// Broker.start, from dist: what a package that depends on this one gets.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apis, Client, fetchRecords, produceRecords } from '../src/client/index.ts'

type Package = typeof import('../src/index.ts')
const root = new URL('../dist/index.js', import.meta.url).href
const { Broker, SettingsError } = (await import(root)) as Package

const memoryDirectories = (processId = process.pid) =>
  readdirSync('/dev/shm').filter((name) => new RegExp(`^millrace-\\d+-${processId}-`).test(name))

async function roundTrip(port: number, topic: string, values: string[]): Promise<string[]> {
  const client = await Client.connect({ host: '127.0.0.1', port })
  try {
    await client.request(apis.metadata, {
      topics: [{ name: topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    const last =
      (await produceRecords(
        client,
        topic,
        0,
        values.map((value) => ({ value })),
      )) +
      values.length -
      1
    const found: string[] = []
    while (found.length <= last) {
      const records = await fetchRecords(client, topic, 0, found.length)
      found.push(...records.map(({ value }) => Buffer.from(value!).toString()))
    }
    return found
  } finally {
    client.close()
  }
}

test.each([0, 2])('in memory, with %d threads of its own: serves, and leaves nothing behind', async (shards) => {
  const broker = await Broker.start({ memory: true, shards })
  expect(broker.bootstrap).toBe(`127.0.0.1:${broker.port}`)
  expect(memoryDirectories()).toHaveLength(1)
  expect(await roundTrip(broker.port, 'letters', ['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
  await broker.close()
  await broker.close()
  expect(memoryDirectories()).toEqual([])
})

test('two at a time know nothing of each other', async () => {
  const [one, other] = await Promise.all([Broker.start({ memory: true }), Broker.start({ memory: true })])
  expect(await roundTrip(one.port, 'letters', ['a'])).toEqual(['a'])
  expect(await roundTrip(other.port, 'letters', ['b'])).toEqual(['b'])
  await Promise.all([one.close(), other.close()])
})

test('on disk the records are there after close and start', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-embedded-'))
  const settings = { 'log.dirs': directory, 'millrace.journal.bytes': 12 << 20 }
  try {
    for (const expected of [['a'], ['a', 'a']]) {
      const broker = await Broker.start({ shards: 0, settings })
      expect(await roundTrip(broker.port, 'letters', ['a'])).toEqual(expected)
      await broker.close()
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('wrong settings reject with all that is wrong, and leave nothing behind', async () => {
  const settings = { 'num.partitions': 'x', 'millrace.shard': 1 }
  const failure = await Broker.start({ memory: true, settings }).catch((error) => error)
  expect(failure).toBeInstanceOf(SettingsError)
  expect(failure.problems).toHaveLength(2)
  expect(memoryDirectories()).toEqual([])
})

test('a port that is taken rejects, and leaves nothing behind', async () => {
  const first = await Broker.start({ memory: true })
  await expect(Broker.start({ memory: true, port: first.port })).rejects.toThrow('the address is in use')
  expect(await roundTrip(first.port, 'letters', ['a'])).toEqual(['a'])
  await first.close()
  expect(memoryDirectories()).toEqual([])
})

test('what a killed process left in memory is removed by the next start', async () => {
  const script = `import { Broker } from '${root}'; await Broker.start({ memory: true }); console.log('ready')`
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(host.stdout, 'data')
  expect(memoryDirectories(host.pid)).toHaveLength(1)
  host.kill('SIGKILL')
  await once(host, 'exit')
  expect(memoryDirectories(host.pid)).toHaveLength(1)
  const broker = await Broker.start({ memory: true })
  expect(memoryDirectories(host.pid)).toEqual([])
  await broker.close()
})
