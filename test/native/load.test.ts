import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as contract from '../../src/native/contract.ts'
import { addonPath, checkConstants, loadAddon, loadNative } from '../../src/native/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-load-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('which implementation', () => {
  test('the add-on by default, the stand-in when asked for', () => {
    expect(loadNative().kind).toBe('addon')
    expect(loadNative({ ...process.env, MILLRACE_NATIVE: 'on' }).kind).toBe('addon')
    expect(loadNative({ MILLRACE_NATIVE: 'off' }).kind).toBe('stand-in')
    expect(() => loadNative({ MILLRACE_NATIVE: 'of' })).toThrow("MILLRACE_NATIVE is 'of'")
  })

  test('a missing add-on says how to build it, and never becomes the stand-in', () => {
    const missing = join(folder, 'millrace.node')
    expect(() => loadNative({ MILLRACE_ADDON: missing })).toThrow(/npm run build:native/)
    expect(() => loadNative({ MILLRACE_ADDON: missing })).toThrow(missing)
  })
})

describe('constants', () => {
  test('an add-on that lacks or changes one is refused by its name', () => {
    const { constants } = loadAddon()
    expect(() => checkConstants({ ...constants, BATCH_CRC: 12 })).toThrow(/BATCH_CRC = 12, the contract 11: rebuild/)
    const { DISK_SYNC: _dropped, ...lacking } = constants
    expect(() => checkConstants(lacking)).toThrow(/DISK_SYNC = undefined/)
  })

  test('the add-on exports none that the contract does not have', () => {
    expect(Object.keys(contract)).toEqual(expect.arrayContaining(Object.keys(loadAddon().constants)))
  })
})

/** Runs a script of plain JavaScript in a process of its own; a signal or an exit code other than 0 throws. */
function run(script: string): string {
  const prelude = `
    const { Worker } = require('node:worker_threads')
    const fs = require('node:fs')
    const path = ${JSON.stringify(addonPath())}
    const folder = ${JSON.stringify(folder)}
  `
  return execFileSync(process.execPath, ['-e', prelude + script], { encoding: 'utf8', timeout: 60_000 }).trim()
}

/** The body of a worker with a disk queue that has 64 writes and syncs to do. */
const busy = `
  const fs = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const addon = require(workerData.path)
  const arena = new Uint8Array(new SharedArrayBuffer(1 << 20)).fill(1)
  const progress = new Int32Array(new SharedArrayBuffer(16))
  const fd = fs.openSync(workerData.folder + '/busy-' + workerData.index, 'w')
  const queue = new addon.DiskQueue([arena], progress, -1, 1 << 20)
  const slices = Int32Array.of(0, 0, 1 << 18, 0, 5, 1 << 18)
  for (let i = 0; i < 64; i++) queue.submit(fd, 0, slices, 2, i % 2 === 0 ? addon.constants.DISK_ALIGNED : 2)
  parentPort.postMessage('busy')
  setInterval(() => {}, 1000)
`

describe('the add-on and its environments', () => {
  test('loads in several workers at once, and again after they ended', () => {
    const script = `
      const body = "const addon = require(require('node:worker_threads').workerData);" +
        "require('node:worker_threads').parentPort.postMessage(addon.crc32c(Buffer.from('123456789'), 0, 9, 0))"
      const start = () => new Promise((resolve, reject) =>
        new Worker(body, { eval: true, workerData: path }).on('message', resolve).on('error', reject))
      const four = () => Promise.all([start(), start(), start(), start()])
      four().then(four).then((sums) => console.log(sums.join()))
    `
    expect(run(script)).toBe(Array(4).fill(0xe3069283).join())
  })

  test('a worker terminated with writes under way, 50 times', () => {
    const script = `
      const busy = ${JSON.stringify(busy)}
      async function once(index) {
        const worker = new Worker(busy, { eval: true, workerData: { path, folder, index: index % 4 } })
        await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        await worker.terminate()
      }
      async function all() {
        for (let index = 0; index < 48; index += 2) await Promise.all([once(index), once(index + 1)])
        await once(48)
        await once(49)
        const left = fs.readdirSync('/proc/self/task').filter(
          (task) => fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim() === 'millrace-disk')
        console.log('terminated', left.length)
      }
      all()
    `
    expect(run(script)).toBe('terminated 0')
  })

  test('a process that exits with writes under way', () => {
    const script = `
      const busy = ${JSON.stringify(busy)}
      const worker = new Worker(busy, { eval: true, workerData: { path, folder, index: 9 } })
      const addon = require(path)
      const fd = fs.openSync(folder + '/exits', 'w')
      const arena = new Uint8Array(new SharedArrayBuffer(1 << 20))
      const queue = new addon.DiskQueue([arena], new Int32Array(4), -1, 0)
      worker.once('message', () => {
        for (let i = 0; i < 64; i++) queue.submit(fd, 0, Int32Array.of(0, 0, 1 << 20), 1, 2)
        console.log('exit')
        process.exit(0)
      })
    `
    expect(run(script)).toBe('exit')
  })

  test('an open queue is not collected, nor is its memory', () => {
    const script = `
      const { setFlagsFromString } = require('node:v8')
      setFlagsFromString('--expose-gc')
      const gc = require('node:vm').runInNewContext('gc')
      const addon = require(path)
      const fd = fs.openSync(folder + '/collected', 'w')
      const progress = new Int32Array(new SharedArrayBuffer(16))
      {
        const arena = new Uint8Array(new SharedArrayBuffer(1 << 16)).fill(65)
        const queue = new addon.DiskQueue([arena], progress, -1, 0)
        for (let i = 0; i < 64; i++) queue.submit(fd, i << 16, Int32Array.of(0, 0, 1 << 16), 1, 2)
      }
      const turn = () => {
        gc()
        if (Atomics.load(progress, 1) < 64) return setImmediate(turn)
        const bytes = fs.readFileSync(folder + '/collected')
        console.log(bytes.length, bytes.every((byte) => byte === 65))
      }
      setImmediate(turn)
    `
    expect(run(script)).toBe(`${64 << 16} true`)
  })
})

test('pinThread pins the calling thread alone, and not the disk thread it makes', () => {
  const script = `
    const body = \`
      const fs = require('node:fs')
      const { parentPort, workerData } = require('node:worker_threads')
      const addon = require(workerData)
      const allowed = (file) => /Cpus_allowed_list:\\\\s*(\\\\S+)/.exec(fs.readFileSync(file, 'utf8'))[1]
      const first = parseInt(allowed('/proc/self/status'))
      addon.pinThread(first)
      const progress = new Int32Array(4)
      const queue = new addon.DiskQueue([], progress, -1, 0)
      queue.submit(0, 0, new Int32Array(0), 0, 0)
      while (Atomics.load(progress, 1) !== 1);
      const disk = fs.readdirSync('/proc/self/task').find(
        (task) => fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim() === 'millrace-disk')
      const own = allowed('/proc/thread-self/status') === String(first)
      const main = allowed('/proc/self/status')
      parentPort.postMessage([own, allowed('/proc/self/task/' + disk + '/status') === main].join())
      queue.close()
    \`
    new Worker(body, { eval: true, workerData: path }).on('message', (line) => console.log(line))
  `
  expect(run(script)).toBe('true,true')
  const { pinThread } = loadAddon()
  for (const cpu of [-1, 1024, Number.NaN]) expect(() => pinThread(cpu)).toThrow(RangeError)
  expect(() => pinThread(1023)).toThrow(expect.objectContaining({ code: 'EINVAL', errno: 22 }))
})
