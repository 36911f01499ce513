// One sample of a row: the server, the load, what was charged. A row says what to do; here is what it may do.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopic, deleteTopic } from './admin.mjs'
import { runLoad } from './load.mjs'
import { charge, probeSync, syncFileSystem, warmPageCache } from './machine.mjs'

const PROBES = 64
const PROBES_SMALL = 8
/** Kafka takes a second until it removes what is deleted (kafka.mjs): that shall not fall into the next sample. */
const REMOVAL_SECONDS = 2
/** A run whose other work takes more of a core than this says so. */
const OTHERS_CORES_MAX = 0.15

let topics = 0

export class Run {
  /** `side` is { peer, settings, server }; the server is missing if the row starts its own. `others` run meanwhile. */
  constructor({ row, side, variant, shape, directory, isSmall, others = [], bytes }) {
    this.row = row
    this.side = side
    this.variant = variant
    this.shape = shape
    this.isSmall = isSmall
    this.bytes = bytes
    this.directory = join(directory, `${side.peer.name}-run`)
    this.machineDirectory = directory
    this.others = others
    this.server = side.server
    this.topics = []
  }

  size(full, small) {
    return this.isSmall ? small : full
  }

  /** Starts the peer on this run's directory: the second time, on what is there. */
  async start() {
    mkdirSync(this.directory, { recursive: true })
    const { peer, settings } = this.side
    this.server = await peer.start({ directory: this.directory, settings })
    this.side.shown = this.server.settings
    return this.server
  }

  /** A topic for this run only. `isSynced`: an acks=all answer comes after the sync. */
  async topic({ partitions, isSynced = false }) {
    const name = `row-${this.row.number}-${process.pid}-${topics++}`
    const { peer, server } = this.side
    if (peer.forgets) return name
    if (peer.speaksKafka) {
      await createTopic(server ?? this.server, name, { partitions, configs: isSynced ? peer.syncedTopic : {} })
    } else await peer.createTopic(this.server, name, { isSynced })
    this.topics.push(name)
    return name
  }

  async load(mode, options) {
    const { speaksKafka, load } = this.side.peer
    return speaksKafka ? await runLoad(this.server, mode, options) : await load(this.server, mode, options)
  }

  charge() {
    return charge(this.server, this.others, this.machineDirectory)
  }

  /** A load, and the CPU that went into it. What was produced is read back afterwards, on nobody's bill. */
  async charged(mode, options) {
    const begun = this.charge()
    const isProduced = options.acks !== undefined && mode !== 'end-to-end'
    const load = await this.load(mode, isProduced ? { ...options, verify: 1 } : options)
    const cpu = begun.end()
    if (isProduced && this.side.peer.speaksKafka) await this.readBack(options, load)
    return { load, cpu }
  }

  /** Fails unless all that was acknowledged is in the topic, once and in order, with the same checksum. */
  async readBack({ topic, partitions }, { records, checksum }) {
    if (this.side.peer.forgets) return
    const expected = { verify: 1, expectRecords: records, expectChecksum: checksum }
    await this.load('fetch', { topic, partitions, connections: Math.min(partitions, 8), ...expected })
  }

  warmPageCache(bytes) {
    warmPageCache(this.machineDirectory, bytes)
  }

  settle() {
    syncFileSystem(this.machineDirectory)
  }

  async idle(seconds) {
    await sleep(seconds * 1000)
  }

  /** Runs the row once; resolves to its values with what the disk was like and what else was going on. */
  async sample() {
    this.settle()
    const syncUs = probeSync(this.machineDirectory, this.size(PROBES, PROBES_SMALL))
    try {
      const { values, load, cpu } = await this.row.sample(this)
      return {
        side: this.side.peer.name,
        values,
        syncUs,
        ...(load && { buckets: load.buckets, checksum: load.checksum, generatorCpuSeconds: load.cpuSeconds }),
        ...(cpu && { cpu, isNoisy: cpu.others / cpu.seconds > OTHERS_CORES_MAX }),
      }
    } finally {
      await this.#cleanUp()
    }
  }

  async #cleanUp() {
    if (this.side.server === undefined) {
      await this.server?.kill()
      rmSync(this.directory, { recursive: true, force: true })
    } else {
      const remove = this.side.peer.deleteTopic ?? deleteTopic
      for (const topic of this.topics) await remove(this.server, topic)
      if (this.topics.length > 0) await this.idle(this.size(REMOVAL_SECONDS, 0))
    }
  }
}
