// A broker in a process of its own for a benchmark: started on a directory, charged by /proc, stopped by its pid.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../dist/cli/millrace.js', import.meta.url))
const TICKS_A_SECOND = 100

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves when the broker says that it is ready. `nodeOptions` come before the command. */
export async function startBroker({ directory, settings = {}, nodeOptions = [], program = command }) {
  const port = await freePort()
  const all = { 'log.dir': directory, listeners: `PLAINTEXT://127.0.0.1:${port}`, ...settings }
  const options = Object.entries(all).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const child = spawn(process.execPath, [...nodeOptions, program, 'start', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (bytes) => {
    log += bytes
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await Promise.race([
    new Promise((resolve) => child.stdout.once('data', resolve)),
    exited.then((code) => Promise.reject(new Error(`the broker ended with ${code}: ${log}`))),
  ])
  return {
    pid: child.pid,
    port,
    /** Ends it in good order; resolves to what it counted, a row a thread. */
    async stop() {
      child.kill('SIGTERM')
      const code = await exited
      if (code !== 0) throw new Error(`the broker ended with ${code}: ${log}`)
      return log.split('\n').filter((line) => line.includes('"counters"'))
    },
  }
}

/** CPU seconds (user and system) of a process so far: all of its threads, and of that its disk threads' part. */
export function cpuOf(pid) {
  let all = 0
  let disk = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1')
    // As /proc/<pid>/stat has it, in nanoseconds.
    const seconds = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1e9
    all += seconds
    if (name.startsWith('millrace-disk')) disk += seconds
  }
  return { all, disk }
}

/** CPU seconds of the kernel's own threads so far: write-back and the journal of the file system, whoever caused them. */
export function kernelThreadsCpu() {
  let seconds = 0
  for (const { pid, parent, cpuSeconds } of processes()) if (isKernelThread(pid, parent)) seconds += cpuSeconds
  return seconds
}

export function isKernelThread(pid, parent) {
  return parent === 2 || pid === 2
}

/** Every process there is, with its CPU seconds so far, user and system. */
export function* processes() {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    let stat
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
    } catch {
      // It has ended meanwhile.
      continue
    }
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const seconds = (index) => (Number(fields[index]) + Number(fields[index + 1])) / TICKS_A_SECOND
    yield {
      pid: Number(entry),
      parent: Number(fields[1]),
      cpuSeconds: seconds(11),
      endedChildrenCpuSeconds: seconds(13),
    }
  }
}
