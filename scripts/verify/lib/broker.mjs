// A broker in a process of its own, for scripts that stop it, kill it or trace it: on a free port of 127.0.0.1, and ended
// by its pid only.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 60_000

const running = new Set()

/**
 * Starts a broker on `directory` and resolves when clients can connect. `tracer` is a command that runs it (it has to
 * leave the broker the child of this process: `strace -D`); `nodeArguments` go to Node itself.
 */
export async function startBroker({ directory, shards = 1, settings = {}, tracer = [], nodeArguments = [] }) {
  const broker = launchBroker({ directory, shards, settings, tracer, nodeArguments })
  await broker.ready()
  return broker
}

/** The same without the wait, for whoever wants to kill it before it is ready. */
export function launchBroker(options) {
  return new BrokerProcess(options)
}

export async function killBrokers() {
  await Promise.all([...running].map((broker) => broker.kill()))
}

class BrokerProcess {
  #child
  #ended
  #stderrPath
  #out = ''
  port = 0

  constructor({ directory, shards, settings, tracer = [], nodeArguments = [] }) {
    const all = {
      'log.dirs': directory,
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'millrace.shards': shards,
      'num.partitions': 6,
      ...settings,
    }
    const command = [
      ...tracer,
      process.execPath,
      ...nodeArguments,
      join(root, 'dist/cli/millrace.js'),
      'start',
      ...Object.entries(all).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
    ]
    // A file and not a pipe: what it says last must be there though nobody read meanwhile.
    this.#stderrPath = `${directory}.stderr`
    const stderr = openSync(this.#stderrPath, 'w')
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', stderr] })
    closeSync(stderr)
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#out += text
    })
    running.add(this)
    this.#ended = once(this.#child, 'exit').then((result) => {
      running.delete(this)
      return result
    })
  }

  get pid() {
    return this.#child.pid
  }

  /** What it wrote on stdout: the line that says it is ready, and what Node's flags have it print. */
  get output() {
    return this.#out
  }

  get log() {
    return readFileSync(this.#stderrPath, 'utf8')
  }

  async ready() {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), READY_MS_MAX)
    const ended = this.#ended.then(([code, signal]) => {
      throw new Error(`the broker ended before it was ready (${code ?? signal}):\n${this.log}`)
    })
    try {
      for (;;) {
        const found = /listening on PLAINTEXT:\/\/127\.0\.0\.1:(\d+)/.exec(this.#out)
        if (found !== null) {
          this.port = Number(found[1])
          return
        }
        await Promise.race([once(this.#child.stdout, 'data'), ended])
      }
    } finally {
      clearTimeout(deadline)
      ended.catch(() => undefined)
    }
  }

  signal(name) {
    this.#child.kill(name)
  }

  /** kill -9. */
  async kill() {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Controlled shutdown; resolves to the counters of its threads: the shards in order, then the control thread. */
  async stop() {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX)
    this.#child.kill('SIGTERM')
    const [code, signal] = await this.#ended
    clearTimeout(deadline)
    if (code !== 0) throw new Error(`the broker did not stop cleanly (${code ?? signal}):\n${this.log}`)
    const line = this.log.split('\n').find((each) => each.includes('"msg":"counters"'))
    const { counters } = JSON.parse(line)
    return { shards: counters.slice(0, -1), control: counters.at(-1) }
  }
}
