// The file of log starts: its form, what is believed of it, and how many writes it takes.
import { expect, test } from 'vitest'
import { LogStartCheckpoint } from '../../src/log/log-start-checkpoint.ts'
import { FakeDisk, seededRandom } from '../raft/fake-disk.ts'

const PATH = 'data/log-start-offset-checkpoint'
const ID = 'AAAAAAAAAAAAAAAAAAAAEQ'
const OTHER_ID = 'AAAAAAAAAAAAAAAAAAAAEg'
const change = (topic: string, partition: number, offset: number | null) => ({ topic, partition, offset })

/** A disk with the directories of partitions, each of the topic with this id, and perhaps the file. */
async function diskWith(directories: Record<string, string>, text: string | null = null): Promise<FakeDisk> {
  const disk = new FakeDisk()
  const write = async (path: string, content: string) => {
    const file = await disk.open(path, 'write')
    await file.write(new TextEncoder().encode(content), 0)
    await file.sync()
    await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }
  for (const [name, id] of Object.entries(directories)) {
    await write(`data/${name}/partition.metadata`, `version: 0\ntopic_id: ${id}`)
  }
  if (text !== null) await write(PATH, text)
  return disk
}

const open = (disk: FakeDisk, ids: Record<string, string> = { t: ID }) =>
  LogStartCheckpoint.open(disk, 'data', (topic) => ids[topic])
const textOf = (disk: FakeDisk) => new TextDecoder().decode(disk.bytesOf(PATH))

test("Kafka's form, durable when it is answered", async () => {
  const disk = await diskWith({ 't-0': ID, 't-12': ID })
  const checkpoint = await open(disk)
  expect(checkpoint.starts).toEqual([])
  await checkpoint.store([change('t', 12, 2 ** 53 - 1), change('t', 0, 7)])
  const after = disk.afterPowerCut(seededRandom(1))
  expect(textOf(after)).toBe('0\n2\nt 12 9007199254740991\nt 0 7\n')
  expect((await open(after)).starts).toEqual([change('t', 12, 2 ** 53 - 1), change('t', 0, 7)])
})

test('a start never goes back; a deleted partition has none, and the next of its name begins anew', async () => {
  const checkpoint = await open(await diskWith({}))
  await checkpoint.store([change('t', 0, 7)])
  await checkpoint.store([change('t', 0, 5)])
  expect(checkpoint.starts).toEqual([change('t', 0, 7)])
  await checkpoint.store([change('t', 0, null)])
  expect(checkpoint.starts).toEqual([])
  await checkpoint.store([change('t', 0, 5)])
  expect(checkpoint.starts).toEqual([change('t', 0, 5)])
})

test('what is asked during a write goes into one more', async () => {
  const disk = await diskWith({})
  const checkpoint = await open(disk)
  const syncs = disk.syncs
  const first = checkpoint.store([change('t', 0, 1)])
  // By now it is under way.
  await Promise.resolve()
  await Promise.resolve()
  await Promise.all([first, ...Array.from({ length: 100 }, (_, i) => checkpoint.store([change('t', i, 2)]))])
  expect(disk.syncs - syncs).toBe(2)
  expect(textOf(disk).split('\n')[1]).toBe('100')
})

test('only lines whose directory is of the topic of now are believed, and the rest leaves the file', async () => {
  const text = '0\n5\nt 0 1\nt 1 2\nt 2 3\ngone 0 4\nu 0 5\n'
  const directories = { 't-0': ID, 't-1': OTHER_ID, 'gone-0': ID, 'u-0': OTHER_ID }
  const disk = await diskWith(directories, text)
  const checkpoint = await open(disk, { t: ID, u: OTHER_ID })
  expect(checkpoint.starts).toEqual([change('t', 0, 1), change('u', 0, 5)])
  expect(textOf(disk)).toBe('0\n2\nt 0 1\nu 0 5\n')
})

test.each([
  ['1\n0\n', /version 1 is not 0$/],
  ['0\n2\nt 0 1\n', /1 lines where 2 are due$/],
  ['0\n1\nt 0\n', /'t 0' is not a topic, a partition and an offset$/],
  ['0\n1\nt 0 -1\n', /is not a topic/],
  ['0\n1\nt 0 9223372036854775807\n', /is not a topic/],
  ['\u0000\u0000\u0000', /version/],
])('what is no such file stops the start, and says where: %j', async (text, message) => {
  await expect(open(await diskWith({ 't-0': ID }, text))).rejects.toThrow(message)
})

test('an empty file is no line, as Kafka leaves it at first', async () => {
  expect((await open(await diskWith({}, ''))).starts).toEqual([])
})
