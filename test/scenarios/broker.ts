// A whole broker in the test's own process, from dist (its threads need JavaScript), in a directory of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../src/config/settings.ts'
import { Client } from './client.ts'

type BrokerModule = typeof import('../../src/broker.ts')
type LogModule = typeof import('../../src/observe/log.ts')
type Running = Awaited<ReturnType<BrokerModule['startBroker']>>

async function fromDist<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as Module
}

export class TestBroker {
  readonly directory: string
  readonly #where: 'workers' | 'here'
  #broker: Running | null = null
  #clients: Client[] = []
  #failure: Error | null = null

  static async start(
    options: Record<string, string | number> = {},
    where: 'workers' | 'here' = 'workers',
  ): Promise<TestBroker> {
    const broker = new TestBroker(await mkdtemp(join(tmpdir(), 'millrace-scenario-')), where)
    await broker.start(options)
    return broker
  }

  private constructor(directory: string, where: 'workers' | 'here') {
    this.directory = directory
    this.#where = where
  }

  async start(options: Record<string, string | number> = {}): Promise<void> {
    const { startBroker } = await fromDist<BrokerModule>('broker.js')
    const { createLog } = await fromDist<LogModule>('observe/log.js')
    const { settings } = loadSettings({
      overrides: Object.entries({
        'log.dir': this.directory,
        listeners: 'PLAINTEXT://127.0.0.1:0',
        'millrace.log.level': 'fatal',
        'millrace.journal.bytes': 16 << 20,
        // Tests date their records as they like.
        'log.initial.task.delay.ms': 86_400_000,
        ...options,
      }).map(([key, value]) => `${key}=${value}`),
    })
    this.#broker = await startBroker(settings, createLog({ level: 'fatal', thread: 'main' }), this.#where)
    this.#broker.failed.then((error) => {
      this.#failure = error
    })
  }

  /** Undefined while all is well. */
  get failure(): Error | null {
    return this.#failure
  }

  get httpPort(): number {
    return this.#broker!.httpPort!
  }

  get counters() {
    return this.#broker!.counters()
  }

  async connect(): Promise<Client> {
    const client = await Client.connect(this.#broker!.listeners[0]!.port)
    this.#clients.push(client)
    return client
  }

  /** As many connections as it takes for every shard to have one: they go to the least loaded. */
  connectMany(count: number): Promise<Client[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect()))
  }

  /** A clean stop. */
  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close()
    const broker = this.#broker
    this.#broker = null
    await broker?.shutDown()
    if (this.#failure !== null) throw this.#failure
  }

  /** The shards' threads end where they are: what is only in their memory is lost. */
  async crash(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close()
    const broker = this.#broker
    this.#broker = null
    await broker?.abandon()
  }

  async restart(options: Record<string, string | number> = {}): Promise<void> {
    await this.stop()
    await this.start(options)
  }

  async destroy(): Promise<void> {
    try {
      await this.stop()
    } finally {
      await rm(this.directory, { recursive: true, force: true })
    }
  }
}
