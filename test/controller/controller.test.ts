import { expect, test } from 'vitest'
import type { AnswerOf, CommandOf, CommandType, NewTopic } from '../../src/controller/commands.ts'
import { Controller, type ControllerSettings, type Outcome } from '../../src/controller/controller.ts'
import { METADATA_VERSION } from '../../src/controller/features.ts'
import { MetadataImage } from '../../src/metadata/image.ts'
import { imageRecords } from '../../src/metadata/image-records.ts'
import { ErrorCode, errorName } from '../../src/model/error-codes.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { uuid } from '../metadata/records.ts'

const settings: ControllerSettings = {
  partitionCountDefault: 3,
  replicationFactorDefault: 1,
  deleteTopicEnable: true,
  partitionsPerCommandMax: 30_000,
}

/** A controller at work, and the log of all it appended. */
class Play {
  readonly log: MetadataRecord[] = []
  readonly controller: Controller

  constructor(change: Partial<ControllerSettings> = {}, earlier: readonly MetadataRecord[] = [], epoch = 1) {
    this.controller = new Controller({ ...settings, ...change })
    this.log.push(...earlier)
    if (earlier.length > 0) this.controller.replay({ offset: earlier.length - 1, epoch: epoch - 1, records: earlier })
    this.log.push(...this.controller.activate(epoch, earlier.length))
  }

  do<Type extends CommandType>(type: Type, command: CommandOf<Type>): Outcome<AnswerOf<Type>> {
    const outcome = this.controller.execute(type, command)
    this.log.push(...outcome.records)
    return outcome
  }

  broker(brokerId: number, incarnation = 1, rack: string | null = null): number {
    const { answer } = this.do('register-broker', {
      brokerId,
      incarnationId: uuid(brokerId * 1000 + incarnation),
      endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
      features: [],
      rack,
      logDirs: [uuid(5000 + brokerId)],
    })
    if (answer.refusal !== null) throw new Error(answer.refusal.message)
    this.do('unfence-broker', { brokerId, brokerEpoch: answer.brokerEpoch })
    return answer.brokerEpoch
  }

  create(topics: Partial<NewTopic>[], validateOnly = false): string[] {
    const { answer } = this.do('create-topics', {
      topics: topics.map((topic, index) => newTopic({ topicId: uuid(this.log.length + index), ...topic })),
      validateOnly,
    })
    return answer.map((each) =>
      each.refusal === null
        ? `${each.name} ${each.partitionCount}x${each.replicationFactor}`
        : `${each.name} ${errorName(each.refusal.error)} ${each.refusal.message}`,
    )
  }

  replicas(name: string): (readonly number[])[] {
    return this.controller.image.topics.byName(name)!.partitions.map((partition) => partition.replicas)
  }
}

function newTopic(topic: Partial<NewTopic>): NewTopic {
  const defaults = {
    name: 't',
    topicId: uuid(1),
    partitionCount: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
  }
  return { ...defaults, ...topic }
}

test('a new cluster begins with its metadata version, once', () => {
  const play = new Play()
  play.do('bootstrap', {})
  play.do('bootstrap', {})
  expect(play.log).toEqual([{ type: 'FeatureLevelRecord', name: 'metadata.version', featureLevel: METADATA_VERSION }])
})

test("a broker's epoch is its registration's offset; it is fenced until it says that it is ready", () => {
  const play = new Play()
  play.do('bootstrap', {})
  const registration = {
    brokerId: 1,
    incarnationId: uuid(1),
    endPoints: [],
    features: [],
    rack: null,
    logDirs: [],
  }
  expect(play.do('register-broker', registration).answer).toEqual({ refusal: null, brokerEpoch: 1 })
  expect(play.controller.image.brokers.isAlive(1)).toBe(false)
  expect(play.do('register-broker', registration)).toEqual({ records: [], answer: { refusal: null, brokerEpoch: 1 } })
  expect(play.do('unfence-broker', { brokerId: 1, brokerEpoch: 0 }).answer.refusal?.error).toBe(
    ErrorCode.StaleBrokerEpoch,
  )
  expect(play.do('unfence-broker', { brokerId: 2, brokerEpoch: 0 }).answer.refusal?.error).toBe(
    ErrorCode.BrokerIdNotRegistered,
  )
  expect(play.do('unfence-broker', { brokerId: 1, brokerEpoch: 1 }).records).toHaveLength(1)
  expect(play.controller.image.brokers.isAlive(1)).toBe(true)
  expect(play.do('unfence-broker', { brokerId: 1, brokerEpoch: 1 }).records).toEqual([])
})

test('a topic is its name, its configs, then its partitions', () => {
  const play = new Play()
  play.broker(1)
  expect(play.create([{ name: 'a', topicId: uuid(7), configs: [{ name: 'retention.ms', value: '5' }] }])).toEqual([
    'a 3x1',
  ])
  const types = play.log.map((record) => record.type)
  expect(types.slice(2)).toEqual([
    'TopicRecord',
    'ConfigRecord',
    'PartitionRecord',
    'PartitionRecord',
    'PartitionRecord',
  ])
  expect(play.log.at(-1)).toMatchObject({
    partitionId: 2,
    replicas: [1],
    isr: [1],
    leader: 1,
    directories: [uuid(5001)],
  })
  expect(play.controller.image.topics.byId(uuid(7))?.name).toBe('a')
})

test('validation alone writes nothing', () => {
  const play = new Play()
  play.broker(1)
  const before = play.log.length
  expect(play.create([{ name: 'a' }, { name: 'b', partitionCount: 0 }], true)).toEqual([
    'a 3x1',
    'b INVALID_PARTITIONS Number of partitions was set to an invalid non-positive value.',
  ])
  expect(play.log).toHaveLength(before)
  expect(play.create([{ name: 'a' }])).toEqual(['a 3x1'])
})

test.each<[string, Partial<NewTopic>, string]>([
  ['no name', { name: '' }, 'INVALID_TOPIC_EXCEPTION Topic name is invalid: the empty string is not allowed'],
  ['a dot', { name: '.' }, "INVALID_TOPIC_EXCEPTION Topic name is invalid: '.' is not allowed"],
  ['two dots', { name: '..' }, "INVALID_TOPIC_EXCEPTION Topic name is invalid: '..' is not allowed"],
  [
    'a blank',
    { name: 'a b' },
    "INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
  ],
  ['250 characters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION Topic name is invalid: the length of'],
  ['the metadata topic', { name: '__cluster_metadata' }, 'TOPIC_AUTHORIZATION_FAILED'],
  ['a name that exists', { name: 'old.topic' }, "TOPIC_ALREADY_EXISTS Topic 'old.topic' already exists."],
  [
    'a name that collides',
    { name: 'old_topic' },
    "INVALID_TOPIC_EXCEPTION Topic 'old_topic' collides with existing topic: old.topic",
  ],
  ['-2 partitions', { partitionCount: -2 }, 'INVALID_PARTITIONS'],
  ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR Replication factor must be larger than 0'],
  [
    'more replicas than brokers',
    { replicationFactor: 3 },
    'INVALID_REPLICATION_FACTOR Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 2 broker(s) are registered.',
  ],
  ['too many partitions', { partitionCount: 30_001 }, 'POLICY_VIOLATION'],
  ['an unknown config', { configs: [{ name: 'foo', value: '1' }] }, 'INVALID_CONFIG Unknown topic config name: foo'],
  [
    'a config without a value',
    { configs: [{ name: 'retention.ms', value: null }] },
    'INVALID_CONFIG Null value not supported for topic configs: retention.ms',
  ],
  [
    'a config of the wrong type',
    { configs: [{ name: 'retention.ms', value: 'long' }] },
    'INVALID_CONFIG Invalid value long for configuration retention.ms: Not a number of type LONG',
  ],
  [
    'partitions both counted and assigned',
    { partitionCount: 1, assignments: [{ partition: 0, replicas: [1] }] },
    'INVALID_REQUEST A manual partition assignment was specified, but numPartitions was not set to -1.',
  ],
  [
    'replicas both counted and assigned',
    { replicationFactor: 1, assignments: [{ partition: 0, replicas: [1] }] },
    'INVALID_REQUEST A manual partition assignment was specified, but replication factor was not set to -1.',
  ],
  [
    'an unknown broker',
    { assignments: [{ partition: 0, replicas: [9] }] },
    'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 9, but no such broker is registered.',
  ],
  [
    'a broker twice',
    { assignments: [{ partition: 0, replicas: [1, 1] }] },
    'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes the broker 1 more than once.',
  ],
  [
    'an empty assignment',
    { assignments: [{ partition: 0, replicas: [] }] },
    'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes an empty replica list.',
  ],
  [
    'a hole',
    { assignments: [{ partition: 1, replicas: [1] }] },
    'INVALID_REPLICA_ASSIGNMENT partitions should be a consecutive 0-based integer sequence',
  ],
  [
    'a partition twice',
    {
      assignments: [
        { partition: 0, replicas: [1] },
        { partition: 0, replicas: [2] },
      ],
    },
    'INVALID_REPLICA_ASSIGNMENT Found multiple manual partition assignments for partition 0',
  ],
  [
    'uneven replicas',
    {
      assignments: [
        { partition: 0, replicas: [1] },
        { partition: 1, replicas: [1, 2] },
      ],
    },
    'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).',
  ],
])('create topics refuses %s, and only that topic', (_, topic, expected) => {
  const play = new Play()
  play.broker(1)
  play.broker(2)
  play.create([{ name: 'old.topic' }])
  const before = play.log.length
  const [refused, good] = play.create([topic, { name: 'good', partitionCount: 1 }])
  expect(refused).toContain(expected)
  expect(good).toBe('good 1x1')
  expect(play.log).toHaveLength(before + 2)
})

test('a name twice in one request is refused once; names that would collide are refused within it too', () => {
  const play = new Play()
  play.broker(1)
  expect(play.create([{ name: 'a' }, { name: 'b' }, { name: 'a' }, { name: 'x.y' }, { name: 'x_y' }])).toEqual([
    'a INVALID_REQUEST Duplicate topic name.',
    'b 3x1',
    'x.y 3x1',
    "x_y INVALID_TOPIC_EXCEPTION Topic 'x_y' collides with existing topic: x.y",
  ])
})

test('replicas given by hand are taken as they are; one that is fenced is not in sync', () => {
  const play = new Play()
  play.broker(1)
  play.do('register-broker', {
    brokerId: 2,
    incarnationId: uuid(9),
    endPoints: [],
    features: [],
    rack: null,
    logDirs: [],
  })
  const assignments = [
    { partition: 1, replicas: [1, 2] },
    { partition: 0, replicas: [2, 1] },
  ]
  expect(play.create([{ name: 'a', assignments }])).toEqual(['a 2x2'])
  expect(play.replicas('a')).toEqual([
    [2, 1],
    [1, 2],
  ])
  expect(play.controller.image.topics.byName('a')!.partitions[0]).toMatchObject({ isr: [1], leader: 1 })
  expect(play.create([{ name: 'b', assignments: [{ partition: 0, replicas: [2] }] }])).toEqual([
    'b INVALID_REPLICA_ASSIGNMENT All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.',
  ])
})

test('without a broker that is alive there is no topic', () => {
  const play = new Play()
  expect(play.create([{ name: 'a' }])[0]).toContain('INVALID_REPLICATION_FACTOR')
})

test('a topic is deleted by name or by id, and can be made again', () => {
  const play = new Play()
  play.broker(1)
  play.create([
    { name: 'a', topicId: uuid(1) },
    { name: 'b.b', topicId: uuid(2) },
    { name: 'c', topicId: uuid(3) },
  ])
  const { answer } = play.do('delete-topics', {
    topics: [
      { name: 'a', topicId: null },
      { name: null, topicId: uuid(2) },
      { name: 'a', topicId: null },
      { name: 'nope', topicId: null },
      { name: null, topicId: uuid(8) },
      { name: 'c', topicId: uuid(3) },
      { name: null, topicId: null },
    ],
  })
  expect(answer.map((each) => [each.name, each.topicId, each.refusal && errorName(each.refusal.error)])).toEqual([
    ['a', uuid(1), null],
    ['b.b', uuid(2), null],
    ['a', null, 'INVALID_REQUEST'],
    ['nope', null, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [null, uuid(8), 'UNKNOWN_TOPIC_ID'],
    ['c', uuid(3), 'INVALID_REQUEST'],
    [null, null, 'INVALID_REQUEST'],
  ])
  expect([...play.controller.image.topics.all()].map(({ name }) => name)).toEqual(['c'])
  expect(play.create([{ name: 'b_b' }, { name: 'a' }])).toEqual(['b_b 3x1', 'a 3x1'])
})

test('deletion can be switched off', () => {
  const play = new Play({ deleteTopicEnable: false })
  play.broker(1)
  play.create([{ name: 'a' }])
  const { answer, records } = play.do('delete-topics', { topics: [{ name: 'a', topicId: null }] })
  expect([answer[0]!.refusal?.error, records]).toEqual([ErrorCode.TopicDeletionDisabled, []])
})

test('a topic only grows, and by the replicas it has', () => {
  const play = new Play()
  play.broker(1)
  play.broker(2)
  play.create([{ name: 'a', partitionCount: 2, replicationFactor: 2 }, { name: 'b' }])
  const grow = (topics: CommandOf<'create-partitions'>['topics'], validateOnly = false) =>
    play
      .do('create-partitions', { topics, validateOnly })
      .answer.map(({ name, refusal }) => [name, refusal && `${errorName(refusal.error)} ${refusal.message}`])
  expect(grow([{ name: 'a', count: 4, assignments: null }], true)).toEqual([['a', null]])
  expect(play.replicas('a')).toHaveLength(2)
  expect(
    grow([
      { name: 'a', count: 4, assignments: null },
      { name: 'x', count: 4, assignments: null },
      { name: 'b', count: 3, assignments: null },
    ]),
  ).toEqual([
    ['a', null],
    ['x', 'UNKNOWN_TOPIC_OR_PARTITION This server does not host this topic-partition.'],
    ['b', 'INVALID_PARTITIONS Topic already has 3 partition(s).'],
  ])
  expect(play.replicas('a').map((replicas) => replicas.length)).toEqual([2, 2, 2, 2])
  const twice = { name: 'b', count: 9, assignments: null }
  expect(grow([twice, twice])).toEqual([['b', 'INVALID_REQUEST Duplicate topic name.']])
  expect(grow([{ name: 'b', count: 2, assignments: null }])[0]![1]).toContain('2 would not be an increase')
  expect(grow([{ name: 'b', count: 5, assignments: [[2]] }])[0]![1]).toContain('only 1 assignment(s) were specified')
  expect(grow([{ name: 'b', count: 4, assignments: [[2, 1]] }])[0]![1]).toContain('INVALID_REPLICA_ASSIGNMENT')
  expect(grow([{ name: 'b', count: 4, assignments: [[2]] }])).toEqual([['b', null]])
  expect(play.replicas('b').at(-1)).toEqual([2])
  expect(grow([{ name: 'b', count: 2 ** 31 - 1, assignments: null }])[0]![1]).toContain('POLICY_VIOLATION')
})

test('producer ids come in blocks that never overlap, also over a restart', () => {
  const play = new Play()
  const brokerEpoch = play.broker(1)
  const allocate = (from: Play) => from.do('allocate-producer-ids', { brokerId: 1, brokerEpoch }).answer
  expect([allocate(play), allocate(play)]).toEqual([
    { refusal: null, first: 0, count: 1000 },
    { refusal: null, first: 1000, count: 1000 },
  ])
  expect(allocate(new Play({}, play.log, 2))).toMatchObject({ first: 2000 })
  const stale = play.do('allocate-producer-ids', { brokerId: 1, brokerEpoch: brokerEpoch + 1 })
  expect(stale).toMatchObject({ records: [], answer: { refusal: { error: ErrorCode.StaleBrokerEpoch } } })
})

test('a broker that comes back leads again, in a new leader epoch', () => {
  const play = new Play()
  play.broker(1)
  play.create([{ name: 'a', partitionCount: 2 }])
  const later = new Play({}, play.log, 2)
  later.broker(1, 2)
  for (const partition of later.controller.image.topics.byName('a')!.partitions) {
    expect(partition).toMatchObject({ leader: 1, leaderEpoch: 1, partitionEpoch: 1 })
  }
})

test('many records are a transaction, and half of one is aborted by the next leader', () => {
  const play = new Play()
  play.broker(1)
  const before = play.log.length
  play.create([{ name: 'small', partitionCount: 9_999 }])
  expect(play.log[before]!.type).toBe('TopicRecord')
  const middle = play.log.length
  play.create([{ name: 'large', partitionCount: 10_000 }])
  expect([play.log[middle]!.type, play.log.at(-1)!.type]).toEqual(['BeginTransactionRecord', 'EndTransactionRecord'])
  expect(play.controller.image.topics.byName('large')!.partitions).toHaveLength(10_000)
  expect(play.controller.nextOffset).toBe(play.log.length)

  const half = new Play({}, play.log.slice(0, -500), 2)
  expect(half.log.at(-1)!.type).toBe('AbortTransactionRecord')
  expect(half.controller.image.topics.byName('large')).toBeUndefined()
  expect(half.create([{ name: 'large', partitionCount: 1 }])).toEqual(['large 1x1'])
})

test('whoever applies the records has what the controller has', () => {
  const play = new Play()
  play.broker(1)
  play.broker(2, 1, 'r')
  play.create([
    { name: 'a', replicationFactor: 2, configs: [{ name: 'segment.bytes', value: '2000000' }] },
    { name: 'b' },
  ])
  play.do('delete-topics', { topics: [{ name: 'b', topicId: null }] })
  const image = new MetadataImage()
  image.apply({ offset: play.log.length - 1, epoch: 1, records: structuredClone(play.log) })
  expect([...imageRecords(image)]).toEqual([...imageRecords(play.controller.image)])
})

test('a feature moves only within what this node supports', () => {
  const play = new Play()
  play.do('bootstrap', {})
  const set = (name: string, level: number) => play.do('update-feature', { name, level })
  expect(set('metadata.version', METADATA_VERSION)).toEqual({ records: [], answer: { refusal: null } })
  expect(set('metadata.version', METADATA_VERSION + 1).answer.refusal?.error).toBe(ErrorCode.InvalidUpdateVersion)
  expect(set('unheard.of', 1).answer.refusal?.error).toBe(ErrorCode.InvalidUpdateVersion)
})
