// What does it cost to write a journal's files again, when thousands of partitions hold one small batch each?
//
//   npm run build:ts && node bench/journal/wrap.mjs [--partitions 20000] [--files 6] [--directory DIR]
//
// One shard on the machine's own disk, without sockets. Each partition gets one batch of 100 B; then one more partition
// fills journal files with batches of 64 KB. Counted is all that goes to the disk but for the journal itself and that one
// partition's batches: files made, syncs of files and directories, bytes. Work between two turns of the loop is what a
// client would wait for.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromDist, question } from '../micro.mjs'
import { topicRecords } from '../topic-records.mjs'

const { loadSettings } = await fromDist('config/settings')
const { LIMITS } = await fromDist('config/limits')
const { realEnv } = await fromDist('lib/real-env')
const { Arena } = await fromDist('memory/arena')
const { DISK_SYNC } = await fromDist('native/contract')
const { loadNative } = await fromDist('native/load')
const { createLog } = await fromDist('observe/log')
const { Shard } = await fromDist('shard/shard')
const { createSharedMemory } = await fromDist('shard/shared-memory')
const { RecordBatchBuilder } = await fromDist('wire/record-batch-builder')

const { values: options } = parseArgs({
  options: {
    partitions: { type: 'string', default: '20000' },
    files: { type: 'string', default: '6' },
    directory: { type: 'string', default: tmpdir() },
  },
})
const PARTITIONS = Number(options.partitions)
const FILES = Number(options.files)
const BUSY_BATCH_BYTES = 64_000
const BUSY_IN_FLIGHT = 8
const native = loadNative()
const directory = mkdtempSync(join(options.directory, 'millrace-wrap-'))
const cost = { files: 0, syncs: 0, bytes: 0 }

/** Counts what goes to the machine's disk by way of promises. */
function countingDisk(disk) {
  const counting = { ...disk }
  counting.syncDirectory = (path) => {
    cost.syncs++
    return disk.syncDirectory(path)
  }
  counting.open = async (path, mode) => {
    const isNew = mode !== 'read' && !(await disk.exists(path))
    const file = await disk.open(path, mode)
    if (isNew) cost.files++
    return {
      path,
      descriptor: file.descriptor,
      size: () => file.size(),
      modifiedMs: () => file.modifiedMs(),
      read: (into, position) => file.read(into, position),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
      write: (bytes, position) => {
        cost.bytes += bytes.length
        return file.write(bytes, position)
      },
      sync: () => {
        cost.syncs++
        return file.sync()
      },
    }
  }
  return counting
}

/** Counts what segments are given; the journal's queue is the one with a buffer. */
function countingNative() {
  return {
    ...native,
    ringDoorbell: () => undefined,
    createDiskQueue: (arenas, progress, doorbell, alignedBytesMax) => {
      const queue = native.createDiskQueue(arenas, progress, doorbell, alignedBytesMax)
      if (alignedBytesMax > 4096) return queue
      return {
        submit(descriptor, position, slices, count, flags) {
          for (let i = 0; i < count; i++) cost.bytes += slices[i * 3 + 2]
          if (flags & DISK_SYNC) cost.syncs++
          return queue.submit(descriptor, position, slices, count, flags)
        },
        close: () => queue.close(),
      }
    },
  }
}

function batchOf(valueBytes) {
  const builder = new RecordBatchBuilder(native.crc32c).begin()
  builder.add({ timestampMs: 1_700_000_000_000, value: new Uint8Array(valueBytes) })
  return builder.finish().slice()
}

const real = realEnv()
// No record is deleted, however long it takes.
const { settings } = loadSettings({ overrides: ['log.initial.task.delay.ms=86400000'] })
const shared = createSharedMemory(1, settings['millrace.arena.bytes'])
const arena = new Arena(shared.arenas[0])
let failure = null
const shard = new Shard({
  own: 0,
  nodeId: 1,
  runEpoch: 1,
  directory,
  settings,
  env: { ...real, disk: countingDisk(real.disk) },
  native: countingNative(),
  shared,
  arena,
  arenas: [arena],
  doorbell: -1,
  log: createLog({ level: 'fatal', thread: 'shard-0' }),
  wake: () => undefined,
  onFatal: (error) => {
    failure ??= error
  },
  onRelieve: () => undefined,
  onAccepted: () => undefined,
  logStarts: [],
  trustedTimeMs: null,
  onTimeTrusted: () => undefined,
  storeLogStarts: () => Promise.resolve(),
})
shard.applyMetadata({
  offset: 10,
  epoch: 1,
  records: [
    ...topicRecords('few', 'bWlsbHJhY2UtdHN0AQAAAA', PARTITIONS),
    ...topicRecords('busy', 'bWlsbHJhY2UtdHN0AgAAAA', 1),
  ],
})

let longestTurnMs = 0
/** One turn of the loop. */
async function turn() {
  const startedAt = performance.now()
  shard.beginTick(startedAt)
  shard.work()
  await new Promise((resolve) => setImmediate(resolve))
  longestTurnMs = Math.max(longestTurnMs, performance.now() - startedAt)
  if (failure !== null) throw failure
}

async function settle(promise) {
  let isSettled = false
  promise.finally(() => {
    isSettled = true
  })
  while (!isSettled) await turn()
  return promise
}

const counter = (name) => shard.counters.snapshot()[name] ?? 0
let blockOffset = -1
let blockEnd = 0
let unanswered = 0

/** As a request that came in. */
async function append(route, batch) {
  if (blockOffset < 0 || blockOffset + batch.length > blockEnd) {
    if (blockOffset >= 0) arena.release(arena.blockOf(blockOffset))
    for (blockOffset = arena.allocate(LIMITS.arenaBlockBytes); blockOffset < 0; ) {
      shard.relieve()
      await turn()
      blockOffset = arena.allocate(LIMITS.arenaBlockBytes)
    }
    blockEnd = (arena.blockOf(blockOffset) + 1) * LIMITS.arenaBlockBytes
  }
  arena.bytes.set(batch, blockOffset)
  unanswered++
  const call = {
    block: arena.blockOf(blockOffset),
    acks: -1,
    takesZstd: true,
    onAppended: (_, error) => {
      if (error !== 0) failure ??= new Error(`append: error ${error}`)
      unanswered--
    },
  }
  shard.append(call, 0, route, blockOffset, batch.length)
  // The last byte stays in this block.
  blockOffset = Math.min(blockOffset + ((batch.length + 7) & -8), blockEnd - 1)
}

await settle(shard.recover())
await settle(shard.checkpoint())
await settle(shard.open())
const routes = shard.routes.topicByName('few').partitions
const small = batchOf(100)
for (const route of routes) {
  await append(route, small)
  if (unanswered > 1000) await turn()
}
while (unanswered > 0) await turn()
const before = { ...cost, drained: counter('drainedBytes'), checkpoints: counter('checkpoints') }
const journalBefore = counter('journalBytes')
longestTurnMs = 0
const busy = batchOf(BUSY_BATCH_BYTES)
const [busyRoute] = shard.routes.topicByName('busy').partitions
const bytes = (settings['millrace.journal.bytes'] / LIMITS.journalFiles) * FILES
const startedAt = performance.now()
let appended = 0
while (appended < bytes) {
  await append(busyRoute, busy)
  appended += busy.length
  while (unanswered >= BUSY_IN_FLIGHT) await turn()
}
while (unanswered > 0) await turn()
const ms = performance.now() - startedAt
const busyDrained = busyRoute.log.drainedOffset * busy.length
question(`${PARTITIONS} partitions with one batch each, while ${FILES} journal files are filled`)
const mib = (count) => `${(count / 2 ** 20).toFixed(1)} MiB`
const lines = [
  `${Math.round(ms)} ms, longest turn ${Math.round(longestTurnMs)} ms`,
  `${cost.files - before.files} files made, ${cost.syncs - before.syncs} syncs`,
  `${mib(cost.bytes - before.bytes - busyDrained)} beside the journal and the busy partition`,
  `journal ${mib(counter('journalBytes') - journalBefore)} for ${mib(appended)}, of it carried ${mib(counter('carriedBytes'))}`,
  `${counter('checkpoints') - before.checkpoints} checkpoints, ${mib(counter('checkpointBytes'))}`,
]
process.stdout.write(`${lines.join('\n')}\n`)
await shard.abandon()
rmSync(directory, { recursive: true, force: true })
