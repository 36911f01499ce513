// A broker inside somebody else's process: for tests, and for services that bring their own log.
//
// Thread: the caller's, which is the control thread. It never ends its host: what would end a broker's own process
// resolves `failed`, and `close` then only lets go.
import { readdirSync, readlinkSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type Broker as RunningBroker, startBroker } from './broker.ts'
import { formatAddress } from './config/listeners.ts'
import { loadSettings } from './config/settings.ts'
import { createLog } from './observe/log.ts'

/** Files that are only memory: they have descriptors for sendfile like any other, and a sync costs nothing. */
const MEMORY_DIRECTORY = '/dev/shm'

/** What `Broker.start` takes. Whatever is not set is as in a broker of its own, but for what is said here. */
export interface BrokerOptions {
  /** Where clients connect; 0, the default, is a free one. `host` is 127.0.0.1 if not set. */
  readonly port?: number
  readonly host?: string
  /** Nothing on disk, and nothing left after `close`. If not set, the data is in `log.dirs`. */
  readonly memory?: boolean
  /**
   * How many threads serve. 0 is none but the caller's own: there at once, and as fast as the caller lets it be. The
   * default is 0 in memory, and one for each core on disk.
   */
  readonly shards?: number
  /** Settings by Kafka's names, as in server.properties. `millrace.log.level` is `error` if not set. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

/**
 * A whole broker in this process.
 *
 * ```ts
 * const broker = await Broker.start({ memory: true })
 * const kafka = new Kafka({ brokers: [broker.bootstrap] })
 * …
 * await broker.close()
 * ```
 */
export class Broker {
  /** The port that was bound. */
  readonly port: number
  /** What clients are given to connect to: `host:port`. */
  readonly bootstrap: string
  /** Resolves with what ended the broker, if something other than `close` does. Clients are no longer served then. */
  readonly failed: Promise<Error>
  readonly #running: RunningBroker
  readonly #removeDirectory: () => Promise<void>
  #hasFailed = false
  #closed: Promise<void> | null = null

  private constructor(running: RunningBroker, removeDirectory: () => Promise<void>) {
    const [listener] = running.listeners
    this.#running = running
    this.#removeDirectory = removeDirectory
    this.port = listener!.port
    this.bootstrap = formatAddress(listener!)
    this.failed = running.failed
    running.failed.then(() => {
      this.#hasFailed = true
    })
  }

  /** Resolves when clients can connect. Rejects with a `SettingsError` that names every setting that is wrong. */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const { memory = false, shards = memory ? 0 : undefined } = options
    const directory = memory ? await makeMemoryDirectory() : null
    const removeDirectory = async () => {
      if (directory === null) return
      process.off('exit', removeAtExit)
      await rm(directory, { recursive: true, force: true })
    }
    const removeAtExit = () => rmSync(directory!, { recursive: true, force: true })
    if (directory !== null) process.on('exit', removeAtExit)
    try {
      const { settings } = loadSettings({ overrides: overrides(options, directory, shards) })
      const log = createLog({ level: settings['millrace.log.level'], thread: 'main' })
      return new Broker(await startBroker(settings, log, shards === 0 ? 'here' : 'workers'), removeDirectory)
    } catch (error) {
      await removeDirectory()
      throw error
    }
  }

  /** Ends the broker in order: connections close and, on disk, all that was acknowledged is in segments. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    try {
      if (this.#hasFailed) await this.#running.abandon()
      else await this.#running.shutDown()
    } finally {
      await this.#removeDirectory()
    }
  }
}

/** The caller's settings last: they win. */
function overrides(
  { host = '127.0.0.1', port = 0, settings = {} }: BrokerOptions,
  directory: string | null,
  shards: number | undefined,
): string[] {
  const all = {
    listeners: `PLAINTEXT://${formatAddress({ host, port })}`,
    'millrace.log.level': 'error',
    ...(shards && { 'millrace.shards': shards }),
    // The least that takes a batch of the default message.max.bytes: a journal is written full when it is made.
    ...(directory !== null && { 'log.dirs': directory, 'millrace.journal.bytes': 12 << 20 }),
    ...settings,
  }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

/**
 * Named for this process: one that was killed leaves its directory behind, and the next start removes it. Process
 * numbers mean something only in their namespace, so that is in the name too.
 */
async function makeMemoryDirectory(): Promise<string> {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]
  for (const name of readdirSync(MEMORY_DIRECTORY)) {
    const [, owner] = new RegExp(`^millrace-${namespace}-(\\d+)-`).exec(name) ?? []
    if (owner !== undefined && !isRunning(Number(owner))) {
      await rm(`${MEMORY_DIRECTORY}/${name}`, { recursive: true, force: true })
    }
  }
  return mkdtemp(`${MEMORY_DIRECTORY}/millrace-${namespace}-${process.pid}-`)
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
