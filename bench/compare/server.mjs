// A server under measurement: one process or several, started on loopback, read through /proc, ended by pid only. What
// every peer's `start` resolves to, so that a row cannot tell them apart.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const STOP_MS_MAX = 60_000
const TICKS_A_SECOND = 100

/** Free ports of 127.0.0.1, all different. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export class Server {
  /** What is printed and kept with the results: everything that was set, and the command. */
  settings
  /** From the first process's start until clients were answered. */
  startMs = Number.NaN
  name
  /** host:port of each process, as clients take them. */
  servers
  #processes
  #log

  /** Starts `commands`, one a process, [program, …arguments]; their output goes to files in `directory`. */
  constructor({ name, directory, servers, settings, commands, env = {} }) {
    mkdirSync(directory, { recursive: true })
    this.name = name
    this.servers = servers
    this.settings = settings
    this.#log = join(directory, 'output')
    const startedAt = performance.now()
    this.#processes = commands.map((command, index) => {
      const output = openSync(`${this.#log}.${index}`, 'a')
      const options = { cwd: directory, stdio: ['ignore', output, output], env: { ...process.env, ...env } }
      const child = spawn(command[0], command.slice(1), options)
      closeSync(output)
      // Without a listener an error would end the driver; `untilReady` sees that nothing runs.
      child.on('error', () => undefined)
      return { child, ended: new Promise((resolve) => child.once('exit', resolve).once('error', resolve)) }
    })
    this.startedAt = startedAt
    Object.assign(this, processCounts(this.pids))
    running.add(this)
  }

  get pids() {
    return this.#processes.map(({ child }) => child.pid)
  }

  /** Of the first. */
  get port() {
    return Number(this.servers[0].split(':')[1])
  }

  /** Asks `isReady` until it says yes; a server that ends, or takes longer than `msMax`, is an error with its last words. */
  async untilReady(isReady, msMax) {
    const deadline = this.startedAt + msMax
    try {
      while (!(await isReady())) {
        if (!this.isRunning()) throw new Error(`${this.name} ended before it was ready:\n${this.lastWords()}`)
        if (performance.now() > deadline) {
          throw new Error(`${this.name} was not ready within ${msMax / 1000} s:\n${this.lastWords()}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    } catch (error) {
      await this.kill()
      throw error
    }
    this.startMs = performance.now() - this.startedAt
    return this
  }

  isRunning() {
    return this.#processes.every(({ child }) => child.pid !== undefined && child.exitCode === null && !child.signalCode)
  }

  lastWords() {
    return this.#processes.map((_, index) => readFileSync(`${this.#log}.${index}`, 'utf8').slice(-3000)).join('\n')
  }

  /** Controlled shutdown; one that takes too long is killed. Resolves to how long it took. */
  async stop() {
    const startedAt = performance.now()
    const deadline = setTimeout(() => this.#signal('SIGKILL'), STOP_MS_MAX)
    this.#signal('SIGTERM')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    clearTimeout(deadline)
    running.delete(this)
    return performance.now() - startedAt
  }

  /** kill -9. */
  async kill() {
    this.#signal('SIGKILL')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    running.delete(this)
  }

  #signal(name) {
    for (const { child } of this.#processes) if (child.pid !== undefined && child.exitCode === null) child.kill(name)
  }

  /** For a driver that is going itself. */
  killAtOnce() {
    this.#signal('SIGKILL')
  }
}

/** What the kernel counts of processes, of all of them together, each as a function that looks now. */
export function processCounts(pids) {
  return {
    /** User and system time of their threads, those that have ended too. */
    cpuSeconds: () =>
      sum(pids, (pid) => {
        const fields = statFields(pid)
        return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
      }),
    residentBytes: () => sum(pids, (pid) => statusNumber(pid, 'VmRSS') * 1024),
    descriptors: () => sum(pids, (pid) => readdirSync(`/proc/${pid}/fd`).length),
    threads: () => sum(pids, (pid) => statusNumber(pid, 'Threads')),
    /** Areas of memory, of which the kernel allows a process 65,530 unless told otherwise. */
    memoryMaps: () => sum(pids, (pid) => readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').length - 1),
  }
}

const running = new Set()
process.once('exit', () => {
  for (const server of running) server.killAtOnce()
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function statusNumber(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
}

function sum(items, of) {
  return items.reduce((total, item) => total + of(item), 0)
}
