// What does the journal cost for each batch beside the disk: gathering a group, its table and its header, and telling
// everyone that it is durable?
//
//   npm run build:ts && node bench/journal/journal.bench.mjs [--small]
//
// The disk is none: a group is durable as soon as it is submitted. The bytes that a real one writes are in
// bench/native/disk-queue.bench.mjs. The checksum of the table is the add-on's.
import { fromDist, question, row } from '../micro.mjs'

const { Journal } = await fromDist('journal/journal')
const { GROUP_ENTRY_BYTES, GROUP_HEADER_BYTES, writeEntry, writeGroupHeader } = await fromDist('journal/group')
const { Arena, createArenaMemory } = await fromDist('memory/arena')
const { Batch } = await fromDist('log/batch')
const { loadNative } = await fromDist('native/load')
const { PROGRESS_DONE, PROGRESS_WORDS, PROGRESS_WRITTEN } = await fromDist('native/contract')

const BLOCK = 1 << 20
const { crc32c } = loadNative()
const log = { topicIdWords: Int32Array.of(1, 2, 3, 4), identity: { partition: 5 } }

function batches(count, length) {
  return Array.from({ length: count }, (_, i) => {
    const batch = new Batch()
    Object.assign(batch, { log, length, baseOffset: 2 ** 40 + i * 10, nextOffset: 2 ** 40 + i * 10 + 10, crc: i })
    return batch
  })
}

function journal() {
  const progress = new Int32Array(PROGRESS_WORDS)
  let tickets = 0
  const queue = {
    submit() {
      tickets = (tickets + 1) & 0x7fffffff || 1
      progress[PROGRESS_WRITTEN] = tickets
      progress[PROGRESS_DONE] = tickets
      return tickets
    },
    close: () => undefined,
  }
  let durable = 0
  const listener = {
    onGroupStarted: () => undefined,
    onWritten: () => undefined,
    onDurable: () => durable++,
    onGroupDurable: () => undefined,
    // Everything is drained at once.
    onFileFull: () => one.release(one.unsyncedSequence),
    onFailure: (error) => {
      throw error
    },
  }
  const one = new Journal({
    shard: 0,
    runEpoch: 1,
    files: [{ descriptor: 0 }, { descriptor: 0 }],
    fileBytes: 2 ** 30,
    groupBytesMax: 2 ** 24,
    arena: new Arena(createArenaMemory(4 * BLOCK, BLOCK)),
    own: 0,
    queue,
    progress,
    checksum: crc32c,
    listener,
    carried: { isEmpty: true, onGroupDurable: () => undefined, onNoRoom: () => undefined },
  })
  return one
}

question('A journal group: gathered, submitted, durable')
for (const count of [1, 10, 100, 1000]) {
  const one = journal()
  const group = batches(count, 1000)
  await row(
    `a batch in a group of ${count}`,
    () => {
      for (const batch of group) one.enqueue(batch)
      one.pump()
      one.pump()
    },
    count,
  )
}

const arena = new Arena(createArenaMemory(BLOCK, BLOCK))
const [batch] = batches(1, 1000)
await row('write an entry of the table', () => writeEntry(arena.words, GROUP_HEADER_BYTES, batch))
for (const entries of [1, 100, 1000]) {
  const byteLength = GROUP_HEADER_BYTES + entries * GROUP_ENTRY_BYTES
  const header = { sequence: 2 ** 40, syncedBefore: 2 ** 40 - 1, runEpoch: 1, shard: 0, entries, byteLength }
  await row(`write a header, with the checksum of ${entries} entries`, () =>
    writeGroupHeader(arena.bytes, arena.words, 0, header, crc32c),
  )
}
