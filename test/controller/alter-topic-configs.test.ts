import { expect, test } from 'vitest'
import type { ConfigChange } from '../../src/controller/commands.ts'
import { Controller } from '../../src/controller/controller.ts'
import { imageRecords } from '../../src/metadata/image-records.ts'
import { errorName } from '../../src/model/error-codes.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, topicRecord } from '../metadata/records.ts'

/** A topic `t`, configured so, and a controller that alters it; each alteration shows its records, or the refusal. */
function play(configs: Record<string, string> = {}) {
  const settings = {
    partitionCountDefault: 1,
    replicationFactorDefault: 1,
    deleteTopicEnable: true,
    partitionsPerCommandMax: 100,
  }
  const controller = new Controller(settings)
  const own = Object.entries(configs).map(([name, value]) => configRecord('t', name, value))
  const earlier: MetadataRecord[] = [topicRecord('t', 1), ...own]
  controller.replay({ offset: earlier.length - 1, epoch: 0, records: earlier })
  controller.activate(1, earlier.length)
  const alter = (changes: readonly ConfigChange[], { name = 't', isWhole = false, validateOnly = false } = {}) => {
    const { records, answer } = controller.execute('alter-topic-configs', {
      topics: [{ name, changes }],
      isWhole,
      validateOnly,
    })
    const { refusal } = answer[0]!
    if (refusal !== null) return `${errorName(refusal.error)} ${refusal.message}`
    return records.map((each) => each.type === 'ConfigRecord' && `${each.name}=${each.value}`)
  }
  const ownConfigs = () => Object.fromEntries(controller.image.configs.ofTopic('t') ?? [])
  return { alter, own: ownConfigs, controller }
}

const set = (name: string, value: string): ConfigChange => ({ name, operation: 'set', value })
const remove = (name: string): ConfigChange => ({ name, operation: 'delete', value: '' })
const append = (name: string, value: string): ConfigChange => ({ name, operation: 'append', value })
const subtract = (name: string, value: string): ConfigChange => ({ name, operation: 'subtract', value })

test('a config is set, set anew, and deleted; what changes nothing writes nothing', () => {
  const { alter, own } = play()
  expect(alter([set('retention.ms', '5'), set('segment.bytes', '2000000')])).toEqual([
    'retention.ms=5',
    'segment.bytes=2000000',
  ])
  expect(alter([set('retention.ms', '5'), set('segment.bytes', '3000000')])).toEqual(['segment.bytes=3000000'])
  expect(alter([remove('retention.ms'), remove('compression.type'), remove('no.such.config')])).toEqual([
    'retention.ms=null',
  ])
  expect(own()).toEqual({ 'segment.bytes': '3000000' })
})

test("a list's items are appended and subtracted, beginning with the default", () => {
  const { alter } = play()
  expect(alter([append('cleanup.policy', 'compact')])).toEqual(['cleanup.policy=delete,compact'])
  expect(alter([append('cleanup.policy', 'compact,delete')])).toEqual([])
  expect(alter([subtract('cleanup.policy', 'delete')])).toEqual(['cleanup.policy=compact'])
  expect(alter([subtract('leader.replication.throttled.replicas', '0:1')])).toEqual([
    'leader.replication.throttled.replicas=',
  ])
  expect(alter([append('retention.ms', '5')])).toBe(
    "INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.",
  )
  expect(alter([subtract('no.such.config', '5')])).toBe(
    "INVALID_CONFIG Can't SUBTRACT to key no.such.config because its type is not LIST.",
  )
})

test('a whole configuration takes away what it does not name', () => {
  const { alter, own } = play({ 'retention.ms': '5', 'segment.bytes': '2000000' })
  expect(alter([set('segment.bytes', '2000000'), set('segment.ms', '7')], { isWhole: true })).toEqual([
    'retention.ms=null',
    'segment.ms=7',
  ])
  expect(alter([], { isWhole: true })).toEqual(['segment.bytes=null', 'segment.ms=null'])
  expect(own()).toEqual({})
})

test.each([
  ['a value of the wrong kind', [set('retention.ms', 'soon')], {}, /^INVALID_CONFIG Invalid value soon for config/],
  ['a value out of bounds', [set('segment.bytes', '1')], {}, /^INVALID_CONFIG .*Value must be at least 1048576$/],
  ['an unknown config', [set('color', 'red')], {}, /^INVALID_CONFIG Unknown topic config name: color$/],
  ['an item that may not be', [append('cleanup.policy', 'burn')], {}, /^INVALID_CONFIG .*String must be one of/],
  ['an unknown topic', [set('retention.ms', '5')], { name: 'u' }, /^UNKNOWN_TOPIC_OR_PARTITION The topic 'u' does not/],
  ['no topic', [set('retention.ms', '5')], { name: '' }, /^INVALID_REQUEST Default topic resources are not allowed.$/],
  ['no name of a topic', [], { name: 'a b' }, /^INVALID_TOPIC_EXCEPTION/],
  [
    'a value no record holds',
    [set('cleanup.policy', 'delete,'.repeat(5000))],
    {},
    /^INVALID_CONFIG .*maximum value size/,
  ],
])('%s is refused, and nothing is changed', (_, changes, options, refusal) => {
  const { alter, own } = play()
  expect(alter([set('segment.ms', '7'), ...changes], options)).toMatch(refusal)
  expect(own()).toEqual({})
})

test('a change is held against what the topic has already', () => {
  const { alter } = play({ 'max.compaction.lag.ms': '10' })
  expect(alter([set('min.compaction.lag.ms', '11')])).toMatch(/^INVALID_CONFIG conflict topic config setting/)
  expect(alter([remove('max.compaction.lag.ms'), set('min.compaction.lag.ms', '11')])).toHaveLength(2)
})

test('validation alone writes nothing, but says what it would refuse', () => {
  const { alter, own } = play()
  expect(alter([set('retention.ms', '5')], { validateOnly: true })).toEqual([])
  expect(alter([set('retention.ms', 'soon')], { validateOnly: true })).toMatch(/^INVALID_CONFIG/)
  expect(own()).toEqual({})
})

test('a topic that is refused spoils no other, and a snapshot has what was set', () => {
  const { controller, own } = play()
  const { answer } = controller.execute('alter-topic-configs', {
    topics: [
      { name: 'u', changes: [set('retention.ms', '5')] },
      { name: 't', changes: [set('retention.ms', '6')] },
    ],
    isWhole: false,
    validateOnly: false,
  })
  expect(answer.map(({ refusal }) => refusal === null)).toEqual([false, true])
  expect(own()).toEqual({ 'retention.ms': '6' })
  expect([...imageRecords(controller.image)]).toContainEqual(configRecord('t', 'retention.ms', '6'))
})

test('what the cluster keeps for itself stays durable', () => {
  const { alter } = play()
  const internal = { name: '__consumer_offsets' }
  expect(alter([set('millrace.durability', 'os')])).toEqual(['millrace.durability=os'])
  expect(alter([set('millrace.durability', 'os')], internal)).toBe(
    "INVALID_CONFIG The internal topic '__consumer_offsets' is durable.",
  )
})
