import { expect, test } from 'vitest'
import { deleteRecords } from '../../src/api/21-delete-records.ts'
import { Routes } from '../../src/api/routes.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  deleteRecordsApi,
  readDeleteRecordsResponse,
  writeDeleteRecordsRequest,
} from '../../src/wire/generated/21-delete-records.ts'
import { partitionRecord, topicRecord } from '../metadata/records.ts'
import { client, imageOf, shardContext, versionsOf } from './harness.ts'

const call = client(deleteRecords, {
  writeRequest: writeDeleteRecordsRequest,
  readResponse: readDeleteRecordsResponse,
})

const image = imageOf(
  topicRecord('t', 1),
  partitionRecord(1, 0),
  partitionRecord(1, 1, { leader: 2 }),
  topicRecord('__consumer_offsets', 2),
  partitionRecord(2, 0),
)

test.each(versionsOf(deleteRecordsApi))(
  'v%i: each partition is asked of its shard, unless it is refused',
  async (v) => {
    const routes = new Routes(1)
    for (const topic of image.topics.all()) {
      routes.addTopic(topic)
      for (const partition of topic.partitions.keys()) routes.addPartition(topic, partition)
    }
    const asked: [string, number, number][] = []
    const context = shardContext(image, {
      routes,
      deleteRecords: async ({ topic, partition }, offset) => {
        asked.push([topic.image.name, partition, offset])
        return { error: ErrorCode.None, logStartOffset: 7 }
      },
    })
    const topic = (name: string, ...partitions: [number, number][]) => ({
      name,
      partitions: partitions.map(([partitionIndex, offset]) => ({ partitionIndex, offset })),
    })
    const topics = [
      topic('t', [0, 3], [1, 5], [2, 5]),
      topic('u', [0, 5]),
      topic('t', [0, -1]),
      topic('__consumer_offsets', [0, 5]),
    ]
    const answer = await call(v, { topics, timeoutMs: 1000 }, context)
    const rows = answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, lowWatermark, errorCode }) => [name, partitionIndex, lowWatermark, errorCode]),
    )
    expect(rows).toEqual([
      ['t', 0, 7, ErrorCode.None],
      ['t', 1, -1, ErrorCode.NotLeaderOrFollower],
      ['t', 2, -1, ErrorCode.UnknownTopicOrPartition],
      ['u', 0, -1, ErrorCode.UnknownTopicOrPartition],
      ['__consumer_offsets', 0, -1, ErrorCode.InvalidTopicException],
    ])
    expect(asked).toEqual([['t', 0, -1]])
  },
)
