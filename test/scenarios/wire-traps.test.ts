// What breaks real clients though the protocol's description allows it: each test names one such trap. What concerns a
// single handler is in test/api; here it is seen from the socket.
import { expect, test } from 'vitest'
import { addBatches, fetchRequest, produceRequest } from '../../src/client/record-requests.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { crc32c } from '../../src/native/stand-in/crc32c.ts'
import {
  ProduceRequest,
  ProduceResponse,
  produceApi,
  readProduceResponse,
  writeProduceRequest,
} from '../../src/wire/generated/00-produce.ts'
import { FetchResponse, fetchApi, readFetchResponse, writeFetchRequest } from '../../src/wire/generated/01-fetch.ts'
import {
  listOffsetsApi,
  readListOffsetsResponse,
  writeListOffsetsRequest,
} from '../../src/wire/generated/02-list-offsets.ts'
import { metadataApi, readMetadataResponse, writeMetadataRequest } from '../../src/wire/generated/03-metadata.ts'
import { apiVersionsApi, readApiVersionsResponse } from '../../src/wire/generated/18-api-versions.ts'
import { RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import {
  batchOf,
  type Client,
  createTopic,
  deleteTopic,
  fetch,
  fetchAll,
  metadata,
  produce,
  recordsIn,
  rows,
} from './client.ts'
import { inEveryWorld } from './worlds.ts'

const ZSTD = 4

async function apiVersions(client: Client, version: number, body: Uint8Array) {
  const reader = await client.request(apiVersionsApi.key, version, (writer) => writer.writeRaw(body))
  return { reader, read: (as: number) => readApiVersionsResponse(reader, as) }
}

/** A batch whose header says it is compressed; the broker does not look inside. */
function zstdBatch(): Buffer {
  return batchOf(['x'], { attributes: ZSTD })
}

inEveryWorld({}, (broker) => {
  test('a handshake in a version from the future is answered in v0, and the connection goes on', async () => {
    const client = await broker().connect()
    // Not parsed: whatever the body of that version may be.
    const future = await apiVersions(client, 99, Buffer.from('ff00ff00ff00ff', 'hex'))
    const { minVersion, maxVersion } = apiVersionsApi
    expect(future.read(0)).toMatchObject({
      errorCode: ErrorCode.UnsupportedVersion,
      apiKeys: [{ apiKey: apiVersionsApi.key, minVersion, maxVersion }],
    })
    const known = (await apiVersions(client, 0, new Uint8Array(0))).read(0)
    expect(known.errorCode).toBe(ErrorCode.None)
    expect(known.apiKeys.length).toBeGreaterThan(5)
  })

  test('a producer finds Produce from version 0 on, or it would stop compressing; 0 to 2 end its connection', async () => {
    const client = await broker().connect()
    const { apiKeys } = (await apiVersions(client, 0, new Uint8Array(0))).read(0)
    expect(apiKeys.find(({ apiKey }) => apiKey === produceApi.key)).toMatchObject({ minVersion: 0 })
    client.send(produceApi.key, 2, (writer) => writer.writeRaw(Buffer.alloc(20)))
    await client.closed
  })

  test('each partition asked for is in the answer, in order, also one that is named twice or unknown', async () => {
    const client = await broker().connect()
    await createTopic(client, 'order-b', 2)
    await createTopic(client, 'order-a', 2)
    const asked = [
      ['order-b', [1, 0]],
      ['nowhere', [3]],
      ['order-a', [1, 9, 1]],
    ] as const
    const request = new ProduceRequest()
    request.acks = 1
    for (const [name, partitions] of asked) {
      addBatches(
        request,
        name,
        partitions.map((partition) => [partition, batchOf(['x'])] as const),
      )
    }
    const produced = await client.request(produceApi.key, 9, (writer) => writeProduceRequest(writer, 9, request))
    const { responses } = readProduceResponse(produced, 9, new ProduceResponse())
    const answered = rows(responses).map(({ name, partitionResponses }) => [
      name,
      rows(partitionResponses).map(({ index }) => index),
    ])
    expect(answered).toEqual(asked)

    const topics = asked.map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: -1 })),
    }))
    const listed = await client.request(listOffsetsApi.key, 7, (writer) =>
      writeListOffsetsRequest(writer, 7, { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 0 }),
    )
    const offsets = readListOffsetsResponse(listed, 7).topics.map(({ name, partitions }) => [
      name,
      partitions.map(({ partitionIndex }) => partitionIndex),
    ])
    expect(offsets).toEqual(asked)
  })

  test('no topics means all in Metadata v0, none from v1 on, where null means all', async () => {
    const client = await broker().connect()
    await createTopic(client, 'there', 1)
    const ask = async (version: number, topics: [] | null) => {
      const reader = await client.request(metadataApi.key, version, (writer) =>
        writeMetadataRequest(writer, version, {
          topics,
          allowAutoTopicCreation: false,
          includeClusterAuthorizedOperations: false,
          includeTopicAuthorizedOperations: false,
        }),
      )
      return readMetadataResponse(reader, version).topics.some(({ name }) => name === 'there')
    }
    expect([await ask(0, []), await ask(1, []), await ask(1, null), await ask(12, null)]).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('a fetch from within a batch brings the whole batch, one with no room for it too, from memory and from files', async () => {
    const client = await broker().connect()
    await createTopic(client, 'whole', 1)
    const size = batchOf(['a', 'b', 'c']).length
    // Enough to be drained to its segment file.
    const fill = batchOf(['x'.repeat(200_000)])
    await produce(client, 'whole', 0, batchOf(['a', 'b', 'c']))
    for (let i = 0; i < 12; i++) await produce(client, 'whole', 0, fill)
    await produce(client, 'whole', 0, batchOf(['d', 'e', 'f']))
    for (const [offset, first] of [
      [2, 0],
      [17, 15],
    ] as const) {
      const { bytes } = await fetch(client, 'whole', 0, offset, { partitionMaxBytes: 1, maxBytes: 1 })
      const records = recordsIn(bytes)
      expect(records.map((record) => record.offset).slice(0, 3)).toEqual([first, first + 1, first + 2])
      expect(bytes.length).toBeGreaterThanOrEqual(size)
    }
  })

  test.each([12, 13])(
    'a session (v%i) is not stalled by a topic that was made anew under its name',
    async (version) => {
      const client = await broker().connect()
      const name = `anew-${version}`
      const { topicId } = await createTopic(client, name, 1)
      await produce(client, name, 0, batchOf(['old']))
      const options = { version, topicId }
      const first = await fetchAll(client, name, [[0, 0]], { ...options, sessionEpoch: 0 })
      expect(first.sessionId).toBeGreaterThan(0)
      expect(recordsIn(first.partitions[0]!.bytes)).toHaveLength(1)
      await fetchAll(client, name, [[0, 1]], { ...options, sessionId: first.sessionId, sessionEpoch: 1 })
      await deleteTopic(client, name)
      await createTopic(client, name, 1)
      const next = await fetchAll(client, name, [], {
        version,
        sessionId: first.sessionId,
        sessionEpoch: 2,
        maxWaitMs: 5000,
      })
      // By id the topic is gone; by name there is another one, whose end is before what was asked for.
      const expected = version >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.OffsetOutOfRange
      expect(next.partitions.map(({ errorCode }) => errorCode)).toEqual([expected])
    },
  )

  test('the last stable offset is never beyond the high watermark, nor unknown', async () => {
    const client = await broker().connect()
    await createTopic(client, 'stable', 1)
    await produce(client, 'stable', 0, batchOf(['a', 'b']))
    for (const isolationLevel of [0, 1]) {
      const request = fetchRequest('stable', [[0, 0]])
      request.isolationLevel = isolationLevel
      const reader = await client.request(fetchApi.key, 11, (writer) => writeFetchRequest(writer, 11, request))
      const response = readFetchResponse(reader, 11, new FetchResponse())
      const { lastStableOffset, highWatermark, abortedTransactions } = response.responses.at(0).partitions.at(0)
      expect([lastStableOffset, highWatermark]).toEqual([2, 2])
      expect(abortedTransactions.count).toBeLessThanOrEqual(0)
    }
  })

  test('leader epochs are told as soon as a version has them', async () => {
    const client = await broker().connect()
    await createTopic(client, 'epochs', 1)
    await produce(client, 'epochs', 0, batchOf(['a']))
    const { topics } = await metadata(client, ['epochs'])
    expect(topics[0]!.partitions[0]!.leaderEpoch).toBeGreaterThanOrEqual(0)
    for (const timestamp of [-2, 0]) {
      const reader = await client.request(listOffsetsApi.key, 4, (writer) =>
        writeListOffsetsRequest(writer, 4, {
          replicaId: -1,
          isolationLevel: 0,
          topics: [{ name: 'epochs', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }] }],
          timeoutMs: 0,
        }),
      )
      expect(readListOffsetsResponse(reader, 4).topics[0]!.partitions[0]!.leaderEpoch).toBeGreaterThanOrEqual(0)
    }
    expect((await fetch(client, 'epochs', 0, 0, { currentLeaderEpoch: 9 })).errorCode).toBe(
      ErrorCode.UnknownLeaderEpoch,
    )
  })

  test('a record without a key is refused by a compacted topic, and by no other', async () => {
    const client = await broker().connect()
    await createTopic(client, 'compacted', 1, { 'cleanup.policy': 'compact' })
    await createTopic(client, 'deleted', 1)
    const keyed = new RecordBatchBuilder(crc32c).begin()
    keyed.add({ timestampMs: Date.now(), key: Buffer.from('k'), value: Buffer.from('v') })
    expect((await produce(client, 'compacted', 0, batchOf(['no key']))).errorCode).toBe(ErrorCode.InvalidRecord)
    expect((await produce(client, 'compacted', 0, keyed.finish())).errorCode).toBe(ErrorCode.None)
    expect((await produce(client, 'deleted', 0, batchOf(['no key']))).errorCode).toBe(ErrorCode.None)
  })

  test('a batch with records without a key is refused with their places, and nothing of it is kept', async () => {
    const [client, ...others] = await broker().connectMany(3)
    await createTopic(client!, 'places', 6, { 'cleanup.policy': 'compact' })
    const builder = new RecordBatchBuilder(crc32c).begin()
    for (const key of ['k', null, 'k', null]) {
      builder.add({ timestampMs: Date.now(), key: key === null ? null : Buffer.from(key), value: Buffer.from('v') })
    }
    const batch = Buffer.from(builder.finish())
    const partitions = [0, 1, 2, 3, 4, 5]
    for (const each of [client!, ...others]) {
      const version = 12
      const batches = partitions.map((partition) => [partition, batch] as const)
      const request = produceRequest('places', batches)
      const reader = await each.request(produceApi.key, version, (writer) =>
        writeProduceRequest(writer, version, request),
      )
      const { partitionResponses } = readProduceResponse(reader, version, new ProduceResponse()).responses.at(0)
      for (const partition of partitions) {
        const { errorCode, baseOffset, errorMessage, recordErrors } = partitionResponses.at(partition)
        expect([errorCode, baseOffset, errorMessage]).toEqual([ErrorCode.InvalidRecord, -1, expect.any(String)])
        const places = rows(recordErrors).map(({ batchIndex }) => batchIndex)
        expect(places).toEqual([1, 3])
      }
    }
    for (const partition of partitions) expect((await fetch(client!, 'places', partition, 0)).highWatermark).toBe(0)
    expect(broker().failure).toBe(null)
  })

  test('a topic of zstd is fetched from v10 on, and refused before', async () => {
    const [client, ...others] = await broker().connectMany(3)
    await createTopic(client!, 'of-zstd', 6, { 'compression.type': 'zstd' })
    const partitions = [0, 1, 2, 3, 4, 5]
    for (const partition of partitions) await produce(client!, 'of-zstd', partition, zstdBatch())
    for (const each of [client!, ...others]) {
      for (const [version, expected] of [
        [4, ErrorCode.UnsupportedCompressionType],
        [9, ErrorCode.UnsupportedCompressionType],
        [10, ErrorCode.None],
        [12, ErrorCode.None],
      ] as const) {
        const offsets = partitions.map((partition) => [partition, 0] as const)
        const answer = await fetchAll(each, 'of-zstd', offsets, { version })
        const told = answer.partitions.map(({ errorCode, bytes }) => [errorCode, bytes.length > 0])
        expect(told).toEqual(partitions.map(() => [expected, expected === ErrorCode.None]))
      }
    }
  })

  test('zstd is taken from Produce v7 on, and refused before', async () => {
    const client = await broker().connect()
    await createTopic(client, 'zstd', 1)
    const at = async (version: number) => (await produce(client, 'zstd', 0, zstdBatch(), { version })).errorCode
    expect([await at(3), await at(6), await at(7), await at(12)]).toEqual([
      ErrorCode.UnsupportedCompressionType,
      ErrorCode.UnsupportedCompressionType,
      ErrorCode.None,
      ErrorCode.None,
    ])
  })

  test('a producer that a partition knows nothing of may begin with any sequence', async () => {
    const client = await broker().connect()
    await createTopic(client, 'stranger', 1)
    const batch = (baseSequence: number) => batchOf(['x'], { producerId: 4711, producerEpoch: 0, baseSequence })
    expect((await produce(client, 'stranger', 0, batch(500))).errorCode).toBe(ErrorCode.None)
    expect((await produce(client, 'stranger', 0, batch(501))).errorCode).toBe(ErrorCode.None)
    expect((await produce(client, 'stranger', 0, batch(503))).errorCode).toBe(ErrorCode.OutOfOrderSequenceNumber)
  })

  test('five batches of a producer are known again, a sixth is not', async () => {
    const client = await broker().connect()
    await createTopic(client, 'window', 1)
    const send = (baseSequence: number) =>
      produce(client, 'window', 0, batchOf(['x'], { producerId: 4712, producerEpoch: 0, baseSequence }))
    for (let i = 0; i < 6; i++) expect((await send(i)).baseOffset).toBe(i)
    for (let i = 1; i < 6; i++) expect(await send(i)).toMatchObject({ errorCode: ErrorCode.None, baseOffset: i })
    const { errorCode } = await send(0)
    expect([ErrorCode.DuplicateSequenceNumber, ErrorCode.OutOfOrderSequenceNumber]).toContain(errorCode)
    expect((await fetch(client, 'window', 0, 0)).highWatermark).toBe(6)
  })

  test('a time of append changes flag, time and CRC of the batch, and nothing of its records', async () => {
    const client = await broker().connect()
    await createTopic(client, 'restamped', 1, { 'message.timestamp.type': 'LogAppendTime' })
    const sent = batchOf(['a', 'b'])
    await produce(client, 'restamped', 0, sent)
    const { bytes } = await fetch(client, 'restamped', 0, 0)
    // recordsIn checks the CRC.
    expect(recordsIn(bytes)).toHaveLength(2)
    expect(bytes.readUInt32BE(17)).not.toBe(sent.readUInt32BE(17))
    expect(bytes.subarray(43)).toEqual(sent.subarray(43))
  })
})
