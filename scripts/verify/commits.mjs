// Does a committed offset survive kill -9? Groups commit rising offsets, each again and again, while the broker is killed
// at random moments on the same data directory. After each kill every group's offsets are fetched.
//
//   node scripts/verify/commits.mjs [--kills 50] [--seed N] [--small]
//
// What has to hold after each kill, for each group and partition:
//   kept      the offset is not below the last one that was acknowledged;
//   sent      it is one that was sent, with the metadata that was sent with it.
// A member that was acknowledged is still one.
import { ConnectionEnded, createTopic } from './lib/client.mjs'
import { commit, committed, findCoordinator, heartbeat, joinAlone } from './lib/groups.mjs'
import { verifyKills } from './lib/kill-loop.mjs'

const TOPIC = 'consumed'
const PARTITIONS = 3
const GROUPS = 12
/** Of the groups, those that have a member, which commits. */
const MEMBERED = 4

class Groups {
  settings = { 'group.initial.rebalance.delay.ms': 0 }
  lifeMsMax = 400
  claim = `${GROUPS} groups, no offset lost or gone back`
  #groups = Array.from({ length: GROUPS }, (_, number) => new Group(`group-${number}`))

  get acknowledged() {
    return this.#groups.reduce((sum, group) => sum + group.acknowledgedCount, 0)
  }

  get summary() {
    return `${this.acknowledged} commits acknowledged`
  }

  async begin([client]) {
    await createTopic(client, TOPIC, PARTITIONS)
    await findCoordinator(client, 'any')
    for (const group of this.#groups.slice(0, MEMBERED)) group.member = await joinAlone(client, group.id)
  }

  /** By a connection for each group, so that every shard asks every other. */
  async damage(clients) {
    let damage = null
    for (const [i, group] of this.#groups.entries()) damage ??= await group.check(clients[i % clients.length])
    return damage
  }

  load(clients, life) {
    return this.#groups.map((group, i) => group.run(clients[(i + life) % clients.length]))
  }
}

/** Commits one rising number for all partitions, one request after the other. */
class Group {
  id
  /** Null: commits come from nobody in particular. */
  member = null
  #sent = 0
  #acknowledged = 0
  acknowledgedCount = 0

  constructor(id) {
    this.id = id
  }

  /** Until the connection ends. */
  async run(client) {
    for (;;) {
      const offset = ++this.#sent
      try {
        const errors = await commit(client, this.id, TOPIC, PARTITIONS, offset, this.member)
        if (errors.some((error) => error !== 0)) throw new Error(`${this.id}, offset ${offset}: errors ${errors}`)
      } catch (error) {
        if (error instanceof ConnectionEnded) return
        throw error
      }
      this.#acknowledged = offset
      this.acknowledgedCount++
    }
  }

  /** What is wrong, or null. */
  async check(client) {
    const partitions = await committed(client, this.id)
    if (this.member !== null && (await heartbeat(client, this.id, this.member)) !== 0) {
      return `${this.id}: its member is none any more`
    }
    if (this.#acknowledged > 0 && partitions.length !== PARTITIONS) return `${this.id}: ${partitions.length} offsets`
    for (const { partitionIndex, committedOffset, metadata } of partitions) {
      const what = `${this.id}, partition ${partitionIndex}: ${committedOffset}`
      if (committedOffset < this.#acknowledged) return `${what} although ${this.#acknowledged} was acknowledged`
      if (committedOffset > this.#sent || metadata !== `${this.id} at ${committedOffset}`)
        return `${what} was never sent`
    }
    // What was not answered may be there: from here on it must not be gone.
    if (partitions.length > 0) this.#acknowledged = Math.min(...partitions.map((each) => each.committedOffset))
    return null
  }
}

await verifyKills('commits', () => new Groups())
