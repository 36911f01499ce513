import { describe, expect, test } from 'vitest'
import * as contract from '../../src/native/contract.ts'
import { loadAddon } from '../../src/native/load.ts'
import { StandInBatchValidator } from '../../src/native/stand-in/batch.ts'
import {
  type BatchFields,
  type BatchRecord,
  encodeBatch,
  encodeRecord,
  recordBatch,
  sealBatch,
  varint,
} from './batches.ts'
import { idempotentBatch, plainBatch } from './golden-batches.ts'
import { seededRandom } from './seeded.ts'

const { RUN_BAD_CRC, RUN_BAD_MAGIC, RUN_CORRUPT, RUN_INVALID_RECORD, RUN_OK, RUN_TABLE_FULL, RUN_TOO_MANY } = contract
const { RUN_TRUSTED, BATCH_WORDS, RUN_RESULT_WORDS } = contract
const addon = loadAddon()

type Validator = new (arenas: readonly Uint8Array[]) => contract.BatchValidator
const implementations: Record<string, Validator> = { addon: addon.BatchValidator, 'stand-in': StandInBatchValidator }

/** Validates one run that ends where its arena ends, so that a sanitizer sees a read too far. */
function validate(Implementation: Validator, run: Uint8Array, limits = 1, rowsMax = 8) {
  const start = 5
  const arena = new Uint8Array(new SharedArrayBuffer(start + run.length))
  arena.set(run, start)
  const results = new Int32Array(RUN_RESULT_WORDS)
  const batches = new Int32Array(rowsMax * BATCH_WORDS)
  new Implementation([arena]).validate(Int32Array.of(0, start, run.length, limits), 1, results, batches)
  const [status, count, firstRow, stopped] = results as unknown as [number, number, number, number]
  const rows = Array.from({ length: count }, (_, row) => [
    ...batches.subarray(row * BATCH_WORDS, (row + 1) * BATCH_WORDS),
  ])
  return { status, count, firstRow, stopped: stopped - start, rows }
}

const two: BatchRecord[] = [
  { key: 'k', value: 'first' },
  {
    key: 'l',
    value: 'second',
    headers: [
      ['h', 'v'],
      ['n', null],
    ],
  },
]

describe.each(Object.entries(implementations))('batch validator, %s', (_name, Implementation) => {
  const statusOf = (run: Uint8Array, limits?: number) => validate(Implementation, run, limits).status
  const statusWith = (fields: BatchFields, limits?: number) => statusOf(recordBatch(two, fields), limits)
  /** The status of a batch whose one record is `record` as it is, after which come other records that are right. */
  const statusOfRecord = (record: readonly number[], trusted = false) => {
    const body = [...record, ...encodeRecord({ value: 'x'.repeat(50) }, 1)]
    return statusOf(encodeBatch({ recordCount: 2 }, Uint8Array.from(body)), trusted ? RUN_TRUSTED | 1 : 1)
  }
  const framed = (...body: number[]) => [...varint(body.length), ...body]

  test('takes what a real client sends, and tells its header', () => {
    const { status, count, stopped, rows } = validate(Implementation, idempotentBatch)
    expect([status, count, stopped]).toEqual([RUN_OK, 1, idempotentBatch.length])
    const [row] = rows
    expect(row).toEqual([
      ...[5, 390, 4, 0], // offset, length, records, attributes
      ...[4242, 0, 3, 0], // producer id, epoch, base sequence
      ...[idempotentBatch.readInt32BE(39), idempotentBatch.readInt32BE(35), 3], // max timestamp, last offset delta
      ...[idempotentBatch.readInt32BE(17), 0, 0, 0, 0], // CRC, leader epoch, flags, base offset
    ])
    expect(statusOf(plainBatch)).toBe(RUN_OK)
  })

  test('tells negative and large header fields as they are', () => {
    const fields = { baseOffset: 0x12345678_9abcdef0n, leaderEpoch: -2, attributes: 0x7f78, maxTimestamp: -1n }
    const batch = recordBatch(two, { ...fields, producerId: 2n ** 62n, producerEpoch: -1, baseSequence: 2 ** 31 - 1 })
    const [row] = validate(Implementation, batch, RUN_TRUSTED | 1).rows
    expect(row![contract.BATCH_BASE_OFFSET]! >>> 0).toBe(0x9abcdef0)
    expect(row![contract.BATCH_BASE_OFFSET + 1]).toBe(0x12345678)
    expect(row![contract.BATCH_LEADER_EPOCH]).toBe(-2)
    expect(row![contract.BATCH_ATTRIBUTES]).toBe(0x7f78)
    expect(row!.slice(contract.BATCH_MAX_TIMESTAMP, contract.BATCH_MAX_TIMESTAMP + 2)).toEqual([-1, -1])
    expect(row!.slice(contract.BATCH_PRODUCER_ID, contract.BATCH_PRODUCER_ID + 2)).toEqual([0, 2 ** 30])
    expect(row![contract.BATCH_PRODUCER_EPOCH]).toBe(-1)
    expect(row![contract.BATCH_BASE_SEQUENCE]).toBe(2 ** 31 - 1)
  })

  test('flags a null key, not an empty one', () => {
    const flags = (records: BatchRecord[]) =>
      validate(Implementation, recordBatch(records)).rows[0]![contract.BATCH_FLAGS]
    const filler: BatchRecord = { key: '', value: 'x'.repeat(60) }
    expect(flags([filler, filler])).toBe(0)
    expect(flags([{ value: null, key: '' }])).toBe(0)
    expect(flags([{ ...filler, key: null }, filler])).toBe(contract.BATCH_HAS_NULL_KEY)
    expect(flags([filler, { ...filler, key: null }])).toBe(contract.BATCH_HAS_NULL_KEY)
  })

  test('truncated at any length, or with a length that lies', () => {
    for (let length = 1; length < plainBatch.length; length++) {
      expect(statusOf(plainBatch.subarray(0, length)), `${length} bytes`).toBe(RUN_CORRUPT)
    }
    for (const counted of [-1, 0, 48, plainBatch.length - 11, 2 ** 31 - 1, -(2 ** 31)]) {
      const lying = Buffer.from(plainBatch)
      lying.writeInt32BE(counted, 8)
      expect(statusOf(lying), `length ${counted}`).toBe(RUN_CORRUPT)
    }
  })

  test('magic, checksum, codec, in this order', () => {
    expect(statusWith({ magic: 1 })).toBe(RUN_BAD_MAGIC)
    for (let at = 21; at < plainBatch.length; at++) {
      const rotten = Buffer.from(plainBatch)
      rotten[at]! ^= 1 << (at % 8)
      expect(statusOf(rotten), `bit at ${at}`).toBe(RUN_BAD_CRC)
    }
    for (const codec of [5, 6, 7]) expect(statusWith({ attributes: codec })).toBe(RUN_CORRUPT)
    for (const codec of [1, 2, 3, 4]) {
      expect(statusOf(encodeBatch({ recordCount: 9, attributes: codec }, Buffer.from('not opened')))).toBe(RUN_OK)
    }
  })

  test("a client's batch begins at offset 0, counts its records, is no control batch, has a sequence", () => {
    const refused: BatchFields[] = [
      { baseOffset: 1n },
      { baseOffset: 2n ** 40n },
      { baseOffset: -1n },
      { attributes: 0x20 },
      { producerId: 0n, baseSequence: -1 },
      { lastOffsetDelta: 2 },
    ]
    for (const fields of refused) {
      expect(statusWith(fields), 'client').toBe(RUN_INVALID_RECORD)
      expect(statusWith(fields, RUN_TRUSTED | 1), 'trusted').toBe(RUN_OK)
    }
    for (const fields of [{ lastOffsetDelta: 0 }, { lastOffsetDelta: -1 }, { recordCount: 3 }, { recordCount: -1 }]) {
      expect(statusWith(fields)).toBe(RUN_INVALID_RECORD)
      expect(statusWith(fields, RUN_TRUSTED | 1)).toBe(RUN_INVALID_RECORD)
    }
    expect(statusWith({ recordCount: 1, lastOffsetDelta: 0 })).toBe(RUN_INVALID_RECORD)
    expect(statusOf(encodeBatch({ recordCount: 0 }, Buffer.of()))).toBe(RUN_INVALID_RECORD)
    expect(statusOf(encodeBatch({ recordCount: 2 ** 31 - 1 }, Buffer.of()))).toBe(RUN_INVALID_RECORD)
  })

  test('compaction leaves gaps in the offset deltas, and batches without records', () => {
    const deltas = (...wanted: number[]) => wanted.map((offsetDelta) => ({ offsetDelta, value: 'x'.repeat(40) }))
    const status = (records: BatchRecord[], lastOffsetDelta: number, limits: number) =>
      statusOf(recordBatch(records, { lastOffsetDelta }), limits)
    expect(status(deltas(3, 4, 900, 70_000), 70_001, RUN_TRUSTED | 1)).toBe(RUN_OK)
    expect(status(deltas(3, 4, 900, 70_000), 3, 1)).toBe(RUN_INVALID_RECORD)
    expect(status(deltas(2 ** 31 - 1), 2 ** 31 - 1, RUN_TRUSTED | 1)).toBe(RUN_OK)
    for (const wrong of [
      [0, 0],
      [1, 0],
      [-1, 0],
      [0, 3],
      [2, 3],
      [2 ** 31 - 1, -(2 ** 31)],
    ]) {
      expect(status(deltas(...wrong), 2, RUN_TRUSTED | 1), `${wrong}`).toBe(RUN_INVALID_RECORD)
    }
    for (const wrong of [
      [1, 2],
      [0, 0],
      [0, 2],
      [1, 0],
    ]) {
      expect(status(deltas(...wrong), 1, 1), `${wrong}`).toBe(RUN_INVALID_RECORD)
    }
    expect(statusOf(encodeBatch({ recordCount: 0, lastOffsetDelta: 7 }, Buffer.of()), RUN_TRUSTED | 1)).toBe(RUN_OK)
  })

  test('a record fills its length exactly', () => {
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 0))).toBe(RUN_OK)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 0, 0)), 'a byte left over').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1)), 'no header count').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed()), 'empty').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord([1, 0, 0, 0, 1, 1, 0]), 'length -1').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord([...varint(2 ** 31 - 1), 0, 0, 0, 1, 1, 0]), 'length 2^31-1').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 4, 1, 0)), 'key overruns').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 100, 0)), 'value overruns').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 3, 1, 0)), 'key length -2').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 3, 0)), 'value length -2').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 1)), 'header count -1').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 2, 1, 1)), 'header without key').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 2, 0, 3)), 'header value length -2').toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, 2, 0, 0))).toBe(RUN_OK)
    expect(statusOfRecord(framed(0, 0, 0, 1, 1, ...varint(2 ** 31 - 1))), 'header count lies').toBe(RUN_INVALID_RECORD)
  })

  test('varints: five bytes, varlongs: ten', () => {
    const padding = Array<number>(60).fill(120)
    const record = (timestamp: number[], delta: number[]) => framed(0, ...timestamp, ...delta, 1, 120, ...padding, 0)
    const more = (count: number) => Array<number>(count).fill(0x80)
    expect(statusOfRecord(record([...more(9), 1], [0]))).toBe(RUN_OK)
    expect(statusOfRecord(record([...more(10), 1], [0]))).toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord(record([0], [...more(4), 0]))).toBe(RUN_OK)
    expect(statusOfRecord(record([0], [...more(5), 0]))).toBe(RUN_INVALID_RECORD)
    expect(statusOfRecord([...more(5), 0])).toBe(RUN_INVALID_RECORD)
  })

  test('several batches: as many as accepted, as long as there is room', () => {
    const three = Buffer.concat([plainBatch, plainBatch, plainBatch])
    const end = plainBatch.length
    const outcome = (limits: number, rowsMax: number, run: Uint8Array = three) => {
      const { status, count, stopped } = validate(Implementation, run, limits, rowsMax)
      return [status, count, stopped]
    }
    expect(outcome(3, 3)).toEqual([RUN_OK, 3, end * 3])
    expect(outcome(2, 3)).toEqual([RUN_TOO_MANY, 2, end * 2])
    expect(outcome(0, 3)).toEqual([RUN_TOO_MANY, 0, 0])
    expect(outcome(3, 1)).toEqual([RUN_TABLE_FULL, 1, end])
    expect(outcome(RUN_TRUSTED | 0xffff, 8, three.subarray(0, end * 2 + 100))).toEqual([RUN_CORRUPT, 2, end * 2])
    expect(outcome(1, 8, Buffer.of())).toEqual([RUN_INVALID_RECORD, 0, 0])
    expect(outcome(RUN_TRUSTED | 1, 8, Buffer.of())).toEqual([RUN_OK, 0, 0])
  })

  test('runs of several arenas fill one table, and one bad run spoils no other', () => {
    const arenas = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(1000)))
    arenas[0]!.set(plainBatch, 0)
    arenas[0]!.set(plainBatch, 390)
    arenas[1]!.set(idempotentBatch, 17)
    const validator = new Implementation(arenas)
    const runs = Int32Array.of(...[1, 17, 390, 1], ...[0, 0, 389, 1], ...[0, 0, 780, 2], ...[1, 17, 390, 1])
    const results = new Int32Array(16)
    const batches = new Int32Array(3 * BATCH_WORDS + 15)
    validator.validate(runs, 4, results, batches)
    expect([...results]).toEqual([
      ...[RUN_OK, 1, 0, 407],
      ...[RUN_CORRUPT, 0, 1, 0],
      ...[RUN_OK, 2, 1, 780],
      ...[RUN_TABLE_FULL, 0, 3, 17],
    ])
    expect([0, 1, 2].map((row) => batches[row * BATCH_WORDS + contract.BATCH_OFFSET])).toEqual([17, 0, 390])
    expect([...batches.subarray(3 * BATCH_WORDS)]).toEqual(Array(15).fill(0))
  })

  test('refuses runs outside of an arena, and short tables', () => {
    const validator = new Implementation([new Uint8Array(new SharedArrayBuffer(100))])
    const rows = new Int32Array(16)
    for (const run of [
      [1, 0, 10, 1],
      [-1, 0, 10, 1],
      [0, 95, 6, 1],
      [0, -1, 1, 1],
      [0, 0, -1, 1],
      [0, 101, 0, 1],
    ]) {
      expect(() => validator.validate(Int32Array.from(run), 1, new Int32Array(4), rows), `${run}`).toThrow(RangeError)
    }
    expect(() => validator.validate(new Int32Array(7), 2, new Int32Array(8), rows)).toThrow(RangeError)
    expect(() => validator.validate(new Int32Array(8), 2, new Int32Array(7), rows)).toThrow(RangeError)
  })
})

describe('both validators agree', () => {
  function expectAgreement(run: Uint8Array, limits: number, what: string): number {
    const native = validate(addon.BatchValidator, run, limits)
    expect(native, what).toEqual(validate(StandInBatchValidator, run, limits))
    return native.status
  }

  test('on a lie at every byte', () => {
    const records = [{ value: 'x'.repeat(70), key: null }, ...two, { value: null, key: 'k'.repeat(70) }, ...two]
    const batch = recordBatch(records.map((record, offsetDelta) => ({ ...record, offsetDelta })))
    const statuses = new Set<number>()
    for (let at = 0; at < batch.length; at++) {
      for (const lie of [0x00, 0x01, 0x02, 0x7f, 0x80, 0xff, batch[at]! + 1, batch[at]! - 1]) {
        const mutated = Buffer.from(batch)
        mutated[at] = lie
        if (at >= 21) sealBatch(mutated)
        for (const limits of [1, RUN_TRUSTED | 1]) {
          statuses.add(expectAgreement(mutated, limits, `byte ${at} = ${lie}, limits ${limits}`))
        }
      }
    }
    expect([...statuses].sort()).toEqual([RUN_OK, RUN_CORRUPT, RUN_BAD_CRC, RUN_BAD_MAGIC, RUN_INVALID_RECORD])
  })

  test('on random runs, mutated', () => {
    const seed = Number(process.env.MILLRACE_SEED ?? 20260214)
    const random = seededRandom(seed)
    const maybe = <T>(value: T): T | null => (random(5) === 0 ? null : value)
    const text = () => 'x'.repeat(random(random(3) === 0 ? 300 : 20))
    const randomRecord = (offsetDelta: number): BatchRecord => ({
      offsetDelta,
      timestampDelta: random(4) === 0 ? random(2 ** 40) - 2 ** 39 : random(100),
      key: maybe(text()),
      value: maybe(text()),
      headers: random(4) === 0 ? Array.from({ length: random(3) }, () => [text(), maybe(text())] as const) : [],
    })
    function randomBatch(): Buffer {
      let delta = -1
      const gaps = random(4) === 0
      const records = Array.from({ length: random(9) }, () => {
        delta += 1 + (gaps ? random(200) : 0)
        return randomRecord(delta)
      })
      const attributes = random(6) === 0 ? random(64) : 0
      const baseOffset = BigInt(random(6) === 0 ? random(2 ** 50) : 0)
      return recordBatch(records, { lastOffsetDelta: Math.max(0, delta), attributes, baseOffset })
    }
    const tally = new Map<number, number>()
    const rounds = Number(process.env.MILLRACE_FUZZ_ROUNDS ?? 4000)
    for (let round = 0; round < rounds; round++) {
      const batches = Array.from({ length: 1 + random(3) }, randomBatch)
      const victim = batches[random(batches.length)]!
      for (let mutation = random(3); mutation > 0; mutation--) {
        const at = random(3) === 0 ? random(61) : random(victim.length)
        if (random(2) === 0) victim[at] = random(256)
        else if (at + 4 <= victim.length) victim.writeInt32BE([-1, 0, 1, 2 ** 31 - 1, -(2 ** 31)][random(5)]!, at)
      }
      if (random(10) !== 0) sealBatch(victim)
      const whole = Buffer.concat(batches)
      const run = random(10) === 0 ? whole.subarray(0, random(whole.length)) : whole
      const limits = (random(2) === 0 ? RUN_TRUSTED : 0) | (random(4) === 0 ? random(3) : 0xffff)
      const status = expectAgreement(run, limits, `seed ${seed}, round ${round}`)
      tally.set(status, (tally.get(status) ?? 0) + 1)
    }
    for (const status of [RUN_OK, RUN_CORRUPT, RUN_BAD_CRC, RUN_BAD_MAGIC, RUN_INVALID_RECORD, RUN_TOO_MANY]) {
      expect(tally.get(status) ?? 0, `status ${status}, seed ${seed}`).toBeGreaterThan(rounds / 400)
    }
  })
})
