// Where partitions begin since records were deleted of them: Kafka's `log-start-offset-checkpoint`, a line for each. It is
// for Kafka and its tools: a shard's journal and checkpoint say it first, and this file at checkpoints and clean stops.
//
// Owned by the control thread, since all partitions are in one file; the shards ask it, and go on when it is durable. What
// is asked while a write is under way goes into the next one.
//
// The file has names and no ids. So a line is only believed while the partition's directory is that of the topic of now: a
// deleted partition's line is gone before its directory is.
import type { Disk } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'
import { forEachLimited } from '../lib/limited.ts'
import { topicIdIn } from './log-directories.ts'

const FILE = 'log-start-offset-checkpoint'
const VERSION = '0'
const READS_AT_ONCE = 64
/** A line for each of a million partitions with the longest of names. */
const BYTES_MAX = 2 ** 29

export interface LogStart {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Null: the partition is deleted. */
export type LogStartChange = Omit<LogStart, 'offset'> & { readonly offset: number | null }

export class LogStartCheckpoint {
  readonly #disk: Disk
  readonly #path: string
  /** By partition, as it is written. */
  readonly #offsets: Map<string, number>
  #writing: Promise<void> = Promise.resolve()
  /** Begins after the one that is under way. */
  #next: Promise<void> | null = null

  /** Drops the lines of partitions that are no more. `topicIdOf`: undefined if there is no such topic. */
  static async open(
    disk: Disk,
    directory: string,
    topicIdOf: (topic: string) => string | undefined,
  ): Promise<LogStartCheckpoint> {
    const path = `${directory}/${FILE}`
    const offsets = decode(path, (await readSmallFile(disk, path, BYTES_MAX)) ?? '')
    const checkpoint = new LogStartCheckpoint(disk, path, offsets)
    const stale: LogStart[] = []
    await forEachLimited(checkpoint.starts, READS_AT_ONCE, async (start) => {
      const { topic, partition } = start
      const topicId = await topicIdIn(disk, `${directory}/${topic}-${partition}`)
      if (topicId === null || topicId !== topicIdOf(topic)) stale.push(start)
    })
    if (stale.length > 0) await checkpoint.store(stale.map((start) => ({ ...start, offset: null })))
    return checkpoint
  }

  private constructor(disk: Disk, path: string, offsets: Map<string, number>) {
    this.#disk = disk
    this.#path = path
    this.#offsets = offsets
  }

  get starts(): LogStart[] {
    return Array.from(this.#offsets, ([key, offset]) => {
      const [topic, partition] = key.split(' ')
      return { topic: topic!, partition: Number(partition), offset }
    })
  }

  /** Durable when it resolves. A start never goes back. Rejects for good once a write has failed. */
  store(changes: readonly LogStartChange[]): Promise<void> {
    for (const { topic, partition, offset } of changes) {
      const key = `${topic} ${partition}`
      if (offset === null) this.#offsets.delete(key)
      else this.#offsets.set(key, Math.max(offset, this.#offsets.get(key) ?? 0))
    }
    this.#next ??= this.#writing.then(() => {
      this.#writing = this.#next!
      this.#next = null
      return replaceSmallFile(this.#disk, this.#path, encode(this.#offsets))
    })
    return this.#next
  }
}

function encode(offsets: ReadonlyMap<string, number>): string {
  const lines = Array.from(offsets, ([partition, offset]) => `${partition} ${offset}\n`)
  return `${VERSION}\n${lines.length}\n${lines.join('')}`
}

/** Kafka makes the file empty before it writes it. */
function decode(path: string, text: string): Map<string, number> {
  const offsets = new Map<string, number>()
  if (text === '') return offsets
  const [version, count, ...lines] = text.replace(/\n$/, '').split('\n')
  if (version !== VERSION) throw new Error(`${path}: version ${version} is not ${VERSION}`)
  for (const line of lines) {
    const [, topic, partition, digits] = /^(\S+) (\d{1,10}) (\d{1,19})$/.exec(line) ?? []
    const offset = Number(digits)
    if (!Number.isSafeInteger(offset)) throw new Error(`${path}: '${line}' is not a topic, a partition and an offset`)
    offsets.set(`${topic} ${Number(partition)}`, offset)
  }
  if (Number(count) !== lines.length) throw new Error(`${path}: ${lines.length} lines where ${count} are due`)
  return offsets
}
