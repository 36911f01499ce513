// What does the group machine take for a heartbeat, a commit of offsets, and a generation of 1,000 members?
//
//   npm run build:ts && node bench/coordinator/groups.bench.mjs [--small]
//
// The machine alone, every append durable at once: requests are decoded already, and records are not written.
import { fromDist, isSmall, question, row } from '../micro.mjs'

const { GroupMachine, GroupMemory } = await fromDist('coordinator/group-machine')

const JOIN_GROUP = 11
const HEARTBEAT = 12
const SYNC_GROUP = 14
const OFFSET_COMMIT = 8
const OFFSET_FETCH = 9
const TOPIC_ID = 'ordersAAAAAAAAAAAAAAAA'
const SETTINGS = {
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3000,
  groupMaxSize: 100_000,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 7 * 86_400_000,
  offsetsRetentionCheckIntervalMs: 600_000,
}
const caller = { clientId: 'client', clientHost: '/10.0.0.1' }
const metadata = new Uint8Array(60)
const assignment = new Uint8Array(40)

/** A machine and its clients; what it appends is in the log when its step is over. */
class World {
  nowMs = 0
  errors = 0
  #machine
  #members = 0
  #tokens = 0
  #tickets = []
  #answered
  #effects = {
    answer: (token, response) => this.#answered(response, token),
    append: (ticket) => this.#tickets.push(ticket),
  }

  constructor() {
    this.#machine = new GroupMachine({
      settings: SETTINGS,
      topics: { idOf: () => TOPIC_ID, nameOf: () => 'orders' },
      memory: new GroupMemory(Number.POSITIVE_INFINITY),
      newMemberId: (prefix) => `${prefix}-${++this.#members}`,
    })
    this.onAnswer((response) => {
      this.errors += response.errorCode ?? 0
    })
    this.#machine.loaded(0, 0, this.#effects)
  }

  onAnswer(answered) {
    this.#answered = answered
  }

  ask(apiKey, apiVersion, request) {
    this.step({ type: 'request', token: ++this.#tokens, apiKey, apiVersion, caller, request })
  }

  step(event) {
    this.#machine.step(event, this.nowMs, this.nowMs, this.#effects)
    while (this.#tickets.length > 0) {
      const ticket = this.#tickets.shift()
      this.#machine.step({ type: 'appended', ticket, error: 0 }, this.nowMs, this.nowMs, this.#effects)
    }
  }

  /** Ids of `count` members of a group that is stable. In a version of JoinGroup that needs no second step. */
  generation(count) {
    const ids = []
    this.onAnswer(({ memberId, errorCode }) => {
      this.errors += errorCode
      if (memberId !== undefined) ids.push(memberId)
    })
    const protocols = [{ name: 'range', metadata }]
    for (let i = 0; i < count; i++) {
      this.ask(JOIN_GROUP, 3, {
        groupId: 'g',
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 300_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols,
        reason: null,
      })
    }
    while (ids.length < count) {
      this.nowMs = this.#machine.nextDeadlineMs()
      this.step({ type: 'time' })
    }
    const member = {
      groupId: 'g',
      generationId: 1,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
    }
    const assignments = ids.map((memberId) => ({ memberId, assignment }))
    for (const memberId of ids) {
      this.ask(SYNC_GROUP, 5, { ...member, memberId, assignments: memberId === ids[0] ? assignments : [] })
    }
    this.onAnswer((response) => {
      this.errors += response.errorCode ?? 0
    })
    return ids
  }
}

question('Groups, in one machine')
const members = isSmall ? 100 : 1000
for (const count of [10, members]) {
  const generation = () => {
    const world = new World()
    world.generation(count)
    if (world.errors > 0) throw new Error('refused')
  }
  await row(`a member of a generation of ${count}: it joins and syncs`, generation, count)
}
for (const count of [1, members]) {
  const world = new World()
  const ids = world.generation(count)
  let next = 0
  const heartbeats = ids.map((memberId) => ({ groupId: 'g', generationId: 1, memberId, groupInstanceId: null }))
  await row(`a heartbeat in a group of ${count}`, () => {
    next = (next + 1) % count
    world.ask(HEARTBEAT, 4, heartbeats[next])
  })
  for (const partitions of [1, 10]) {
    const commit = {
      groupId: 'g',
      generationIdOrMemberEpoch: 1,
      memberId: ids[0],
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: 'orders',
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
            partitionIndex,
            committedOffset: 42,
            committedLeaderEpoch: 5,
            committedMetadata: '',
          })),
        },
      ],
    }
    await row(`a commit of ${partitions} partitions in a group of ${count}`, () => world.ask(OFFSET_COMMIT, 9, commit))
  }
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: null }]
  await row(`a fetch of 10 committed offsets in a group of ${count}`, () =>
    world.ask(OFFSET_FETCH, 9, { groups, requireStable: true }),
  )
  if (world.errors > 0) throw new Error('refused')
}
