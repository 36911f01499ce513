// The load generator measures and verifies what it says it does: shown against null brokers that stand still, lose and
// damage, and against a millrace broker.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Latency,
  type LoadOptions,
  type LoadResult,
  runLoad,
  startNullBroker,
} from '../../bench/load/generator.mjs'
import { buildLoad } from '../../scripts/build-load.mjs'
import { startBroker } from '../../scripts/verify/lib/broker.mjs'
import { seededRandom } from '../native/seeded.ts'
import { batchOf } from '../scenarios/client.ts'

const MS = 1e6
const atEnd: (() => Promise<unknown>)[] = []

beforeAll(() => {
  buildLoad()
}, 300_000)

afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end()
})

async function nullBroker(options: Record<string, string | number> = {}): Promise<number> {
  const broker = await startNullBroker(options)
  atEnd.push(() => broker.stop())
  return broker.port
}

function countFrom(latency: Latency, leastNs: number): number {
  return latency.histogram.reduce((sum, [value, count]) => sum + (value >= leastNs ? count : 0), 0)
}

/** Reads everything back and holds it against what the producing run says. */
function readBack(written: LoadResult, options: LoadOptions): Promise<LoadResult> {
  const { records, checksum } = written.verify!.written!
  return runLoad({ ...options, mode: 'fetch', verify: 1, expectRecords: records, expectChecksum: checksum })
}

describe('the histogram', () => {
  test.each([1, 2, 3])('is within three digits of a sorted array, seed %i', (seed) => {
    const random = seededRandom(seed)
    const values = Array.from({ length: 20_000 }, () => Math.floor(2 ** (random(40_000) / 1000)))
    const { stdout } = spawnSync(buildLoad().load, ['histogram'], { input: values.join('\n'), encoding: 'utf8' })
    const { latency } = JSON.parse(stdout) as { latency: Latency }
    values.sort((a, b) => a - b)
    const shares = { p50Ns: 0.5, p90Ns: 0.9, p99Ns: 0.99, p999Ns: 0.999, p9999Ns: 0.9999 } as const
    for (const [name, share] of Object.entries(shares) as [keyof typeof shares, number][]) {
      const exact = values[Math.ceil(share * values.length) - 1]!
      expect(latency[name], name).toBeGreaterThanOrEqual(exact)
      expect(latency[name], name).toBeLessThanOrEqual(exact * 1.001)
    }
    expect([latency.count, latency.minNs, latency.maxNs]).toEqual([values.length, values[0], values.at(-1)])
    expect(countFrom(latency, 0)).toBe(values.length)
  })
})

describe('a broker that stands still for 200 ms', () => {
  const pause = { pause: 200, pauseAt: 500 }

  test('costs each request that was due meanwhile, in an open loop', async () => {
    const { produced } = await runLoad({ mode: 'produce', port: await nullBroker(pause), rate: 1000, seconds: 2 })
    expect(produced!.requests).toBe(2000)
    expect(produced!.latency.p99Ns).toBeGreaterThan(150 * MS)
    // Due evenly over the 200 ms, so three quarters of them waited for more than 50.
    expect(countFrom(produced!.latency, 50 * MS)).toBeGreaterThan(140)
  })

  test('costs a closed loop one request', async () => {
    const { produced } = await runLoad({ mode: 'produce', port: await nullBroker(pause), requestsMax: 2000 })
    expect(produced!.requests).toBe(2000)
    expect(produced!.latency.maxNs).toBeGreaterThan(200 * MS)
    expect(produced!.latency.p99Ns).toBeLessThan(100 * MS)
  })
})

test('what was due and could not be sent is told, and counts in the latency', async () => {
  const port = await nullBroker({ pause: 1000 })
  const { produced } = await runLoad({ mode: 'produce', port, rate: 100, seconds: 0.5, drain: 0.1 })
  expect([produced!.requests, produced!.unsent, produced!.latency.count]).toEqual([1, 49, 50])
  expect(produced!.latency.p50Ns).toBeGreaterThan(500 * MS)
})

test('the warm-up is in no figure', async () => {
  const port = await nullBroker()
  let announced = 0
  const { produced, seconds } = await runLoad({
    mode: 'produce',
    port,
    rate: 2000,
    records: 2,
    warmup: 0.3,
    seconds: 0.3,
    onMeasuring: () => announced++,
  })
  expect([produced!.requests, produced!.records, produced!.latency.count]).toEqual([300, 600, 300])
  expect(produced!.series.reduce((sum, { records }) => sum + records, 0)).toBe(600)
  expect(seconds).toBeGreaterThan(0.29)
  expect(announced).toBe(1)
})

describe('verification', () => {
  test.each([
    ['lose', /batch 26 of lane 0, expected 25: lost/],
    ['double', /batch 25 of lane 0, expected 26: doubled/],
    ['corrupt', /a corrupted batch: its checksum is wrong/],
    ['swap', /batch 26 of lane 0, expected 25: lost/],
  ])('sees a broker %s a batch', async (fault, words) => {
    const port = await nullBroker({ keep: 1, partitions: 2, fault, faultAt: 50 })
    const written = await runLoad({ mode: 'produce', port, requestsMax: 100, records: 3, verify: 1 })
    await expect(readBack(written, { mode: 'fetch', port })).rejects.toThrow(words)
  })

  test('sees the last batch lost, though nothing comes after it', async () => {
    const port = await nullBroker({ keep: 1, fault: 'lose', faultAt: 99 })
    const written = await runLoad({ mode: 'produce', port, requestsMax: 100, records: 3, verify: 1 })
    await expect(readBack(written, { mode: 'fetch', port })).rejects.toThrow(/300 records were acknowledged, 297 read/)
  })

  test('sees a batch lost between the halves of an end-to-end load', async () => {
    const port = await nullBroker({ keep: 1, fault: 'lose', faultAt: 99 })
    const load = { mode: 'end-to-end', port, requestsMax: 100, rate: 0, timeout: 0.5 }
    await expect(runLoad(load)).rejects.toThrow(/1 batches that were acknowledged did not come/)
  })

  test('refuses batches that carry no number', async () => {
    const port = await nullBroker({ keep: 1 })
    await runLoad({ mode: 'produce', port, requestsMax: 10 })
    await expect(runLoad({ mode: 'fetch', port, verify: 1 })).rejects.toThrow(/a batch that no verify=1 wrote/)
  })
})

describe('an answer that is not well', () => {
  test.each([
    ['refuse', /produce, partition 0: error 6 \(not leader or follower\)/],
    ['close', /the broker closed a connection/],
    ['garble', /produce: a malformed answer/],
  ])('ends the run: %s', async (fault, words) => {
    const port = await nullBroker({ fault, faultAt: 3 })
    await expect(runLoad({ mode: 'produce', port, requestsMax: 10 })).rejects.toThrow(words)
  })

  test('is counted if that is wanted', async () => {
    const port = await nullBroker({ fault: 'refuse', faultAt: 3 })
    const { produced, errors } = await runLoad({ mode: 'produce', port, requestsMax: 10, errors: 'count' })
    expect(errors).toEqual({ 6: 1 })
    expect(produced!.requests).toBe(9)
  })

  test('that never comes ends the run, though other connections have theirs', async () => {
    const port = await nullBroker({ keep: 1, fault: 'ignore', faultAt: 3 })
    const load = { mode: 'end-to-end', port, seconds: 0.3, drain: 0.1, timeout: 0.3, maxWaitMs: 20 }
    await expect(runLoad(load)).rejects.toThrow(/a request was never answered/)
  })

  test('of a connection that is closed early: what it still owed is told', async () => {
    const port = await nullBroker({ fault: 'close', faultAt: 3 })
    const load = { mode: 'produce', port, rate: 100, seconds: 0.2, errors: 'count' }
    const { produced, errors } = await runLoad(load)
    expect(errors).toEqual({ closed: 1 })
    expect([produced!.requests, produced!.unsent, produced!.latency.count]).toEqual([3, 16, 19])
  })

  test('that does not come is waited for no longer than `timeout`', async () => {
    const port = await nullBroker({ pause: 1500, pauseAt: 3 })
    await expect(runLoad({ mode: 'produce', port, timeout: 0.3 })).rejects.toThrow(/no answer for \d+ ms/)
  })
})

test('each partition is asked of its leader', async () => {
  const other = await nullBroker({ keep: 1, partitions: 5, leads: 'odd' })
  const port = await nullBroker({ keep: 1, partitions: 5, leads: 'even', peer: other })
  const written = await runLoad({ mode: 'produce', port, requestsMax: 200, connections: 3, threads: 2, verify: 1 })
  expect([written.brokers, written.partitions, written.connections]).toEqual([2, 5, 3])
  const read = await readBack(written, { mode: 'fetch', port, connections: 2 })
  expect(read.verify!.read).toEqual(written.verify!.written)
})

test('what it cannot do is refused with words', async () => {
  const refused = (options: LoadOptions) => expect(runLoad(options)).rejects
  await refused({ mode: 'sing' }).toThrow(/the first argument is produce/)
  await refused({ mode: 'produce', recrods: 1 }).toThrow(/unknown argument recrods=1/)
  await refused({ mode: 'produce', connections: 'many' }).toThrow(/connections=many is not a number/)
  await refused({ mode: 'produce', acks: 2 }).toThrow(/acks=2 is out of range/)
  await refused({ mode: 'produce', compression: 'lz4' }).toThrow(/give a ready batch with batch=FILE/)
  await refused({ mode: 'fetch', rate: 5 }).toThrow(/rate is for what produces/)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'))
  atEnd.push(async () => rmSync(directory, { recursive: true }))
  const batch = join(directory, 'batch')
  writeFileSync(batch, Buffer.alloc(100))
  await refused({ mode: 'produce', port: await nullBroker(), batch }).toThrow(/is not one whole record batch/)
})

describe('against millrace', () => {
  let port = 0
  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'))
    const broker = await startBroker({ directory, shards: 2, settings: { 'millrace.journal.bytes': 16 << 20 } })
    port = broker.port
    return async () => {
      await broker.stop()
      rmSync(directory, { recursive: true })
      rmSync(`${directory}.stderr`)
    }
  }, 60_000)

  const modes: [string, LoadOptions][] = [
    [
      'produce',
      { mode: 'produce', partitions: 4, connections: 6, inflight: 3, records: 10, acks: 1, requestsMax: 300 },
    ],
    ['produce-0', { mode: 'produce', partitions: 2, connections: 3, acks: 0, requestsMax: 300 }],
    ['paced', { mode: 'produce', partitions: 3, rate: 2000, seconds: 0.2 }],
    ['connections', { mode: 'connections', partitions: 3, requestsMax: 300 }],
    ['partitions', { mode: 'partitions', partitions: 100, connections: 2, batchesPerRequest: 20, requestsMax: 50 }],
  ]
  test.each(modes)('%s is read back as it was written', async (topic, options) => {
    const written = await runLoad({ ...options, port, topic, create: 1, verify: 1 })
    const read = await readBack(written, { mode: 'fetch', port, topic, connections: 2 })
    expect(read.verify!.read).toEqual(written.verify!.written)
    expect(read.fetched!.records).toBe(written.produced!.records)
    expect(read.fetched!.bytes).toBe(written.produced!.bytes)
  })

  test('end-to-end: all that is acknowledged comes, and takes no less time than its acknowledgement', async () => {
    const options = { partitions: 3, connections: 2, threads: 2, rate: 1000, seconds: 0.3, create: 1, verify: 1 }
    const { produced, endToEnd, verify } = await runLoad({ mode: 'end-to-end', port, topic: 'through', ...options })
    expect(produced!.requests).toBe(300)
    expect(endToEnd!.count).toBe(300)
    expect(verify!.read).toEqual(verify!.written)
  })

  test('a ready batch of a file is sent as it is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'))
    atEnd.push(async () => rmSync(directory, { recursive: true }))
    const batch = join(directory, 'batch')
    writeFileSync(batch, batchOf(['one', 'two', 'three']))
    const topic = 'ready'
    const { produced } = await runLoad({ mode: 'produce', port, topic, create: 1, batch, requestsMax: 10 })
    const { fetched } = await runLoad({ mode: 'fetch', port, topic })
    expect([produced!.records, fetched!.records, fetched!.bytes]).toEqual([30, 30, produced!.bytes])
  })

  test('fetch follow=1 goes on with what comes', async () => {
    const topic = 'followed'
    const first = await runLoad({ mode: 'produce', port, topic, create: 1, verify: 1, requestsMax: 50 })
    const following = runLoad({ mode: 'fetch', port, topic, follow: 1, recordsMax: 150, seconds: 20 })
    await runLoad({ mode: 'produce', port, topic, verify: 1, requestsMax: 100 })
    expect((await following).fetched!.records).toBe(first.produced!.records + 100)
  })
})

test('bench/load/ceiling.mjs', () => {
  const script = fileURLToPath(new URL('../../bench/load/ceiling.mjs', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, [script, '--small', '--json'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const { rows } = JSON.parse(stdout) as { rows: { name: string; requestsPerSecond: number }[] }
  expect(rows).toHaveLength(13)
  for (const { name, requestsPerSecond } of rows) expect(requestsPerSecond, name).toBeGreaterThan(0)
})
