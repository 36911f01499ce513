// Calls a handler as a connection does: the request as bytes in, the response as bytes out, in a given version.
import type { AdvertisedApi, ColdApi, ControlContext, ShardContext } from '../../src/api/define-api.ts'
import { ControlPlane } from '../../src/controller/control-plane.ts'
import { supportedFeatures } from '../../src/controller/features.ts'
import { ProducerIdPool } from '../../src/controller/producer-id-pool.ts'
import { MetadataImage } from '../../src/metadata/image.ts'
import { randomUuid } from '../../src/model/uuid.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { Reader } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { uuid } from '../metadata/records.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk, fakeEnv } from '../raft/fake-disk.ts'

export interface ClientCodec<Request, Response> {
  writeRequest(writer: Writer, version: number, request: Request): void
  readResponse(reader: Reader, version: number): Response
}

export function decode<T>(bytes: Uint8Array, read: (reader: Reader, version: number) => T, version: number): T {
  const reader = new Reader()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  reader.reset(bytes, view, 0, bytes.length, 1_000_000)
  const value = read(reader, version)
  if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes are left`)
  return value
}

/** A client of one API. */
export function client<Request, Response>(api: ColdApi, codec: ClientCodec<Request, Response>) {
  return async (version: number, request: Request, context: object): Promise<Response> => {
    const sent = new Writer()
    codec.writeRequest(sent, version, request)
    const received = decode(sent.written().slice(), api.read, version)
    const answered = new Writer()
    // biome-ignore lint/suspicious/noExplicitAny: the context is the one that the API's test made for it.
    api.write(answered, version, await api.handle(received, { ...context, apiVersion: version } as any))
    return decode(answered.written().slice(), codec.readResponse, version)
  }
}

export function versionsOf(api: AdvertisedApi, from = api.minVersion): number[] {
  return Array.from({ length: api.maxVersion - from + 1 }, (_, index) => from + index)
}

export function imageOf(...records: MetadataRecord[]): MetadataImage {
  const image = new MetadataImage()
  image.apply({ offset: records.length - 1, epoch: 1, records })
  return image
}

/** For APIs that are answered from the image alone: no partitions, no other shards. */
export function shardContext(image: MetadataImage, change: Partial<ShardContext> = {}): ShardContext {
  const context: Partial<ShardContext> = {
    listenerName: 'PLAINTEXT',
    image,
    nodeId: 1,
    clusterId: 'the-cluster',
    advertisedApis: [],
    supportedFeatures,
    createTopics: null,
    ...change,
  }
  return context as ShardContext
}

/** A node with one broker on a disk in memory. */
export async function controlContext(
  change: Partial<ControlContext> = {},
  deleteTopicEnable = true,
): Promise<ControlContext> {
  const env = fakeEnv(new FakeDisk(), 1)
  const plane = await ControlPlane.start({
    env,
    logDirectory: '/data',
    nodeId: 1,
    directoryId: uuid(1),
    crc32c,
    settings: {
      partitionCountDefault: 3,
      replicationFactorDefault: 1,
      deleteTopicEnable,
      partitionsPerCommandMax: 1000,
    },
  })
  const registration = {
    brokerId: 1,
    incarnationId: uuid(2),
    endPoints: [],
    features: [],
    rack: null,
    logDirs: [uuid(1)],
  }
  const registered = await plane.submit('register-broker', registration)
  if (registered.refusal !== null) throw new Error(registered.refusal.message)
  const { brokerEpoch } = registered
  await plane.submit('unfence-broker', { brokerId: 1, brokerEpoch })
  return {
    apiVersion: 0,
    listenerName: 'PLAINTEXT',
    image: plane.image,
    nodeId: 1,
    submit: (type, command) => plane.submit(type, command),
    newUuid: () => randomUuid((count) => env.random.bytes(count)),
    producerIds: new ProducerIdPool(() => plane.submit('allocate-producer-ids', { brokerId: 1, brokerEpoch })),
    brokerConfigs: [],
    internalTopics: new Map(),
    ...change,
  }
}
