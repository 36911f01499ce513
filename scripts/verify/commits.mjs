// Does a committed offset survive kill -9? Groups commit rising offsets, each again and again, while the broker is killed
// at random moments on the same data directory. After each kill every group's offsets are fetched.
//
//   node scripts/verify/commits.mjs [--kills 50] [--seed N] [--small]
//
// What has to hold after each kill, for each group and partition:
//   kept      the offset is not below the last one that was acknowledged;
//   sent      it is one that was sent, with the metadata that was sent with it.
// A member that was acknowledged is still one. `changing` starts each life with another number of shards.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBroker, startBroker } from './lib/broker.mjs'
import { Client, ConnectionEnded, createTopic } from './lib/client.mjs'
import { commit, committed, findCoordinator, heartbeat, joinAlone } from './lib/groups.mjs'
import { seededRandom, verify } from './lib/verify.mjs'

const TOPIC = 'consumed'
const PARTITIONS = 3
const CONNECTIONS = 4
const GROUPS = 12
/** Of the groups, those that have a member, which commits. */
const MEMBERED = 4
const LIFE_MS_MAX = 400
const RECOVERY_MS_MAX = 800
const RECOVERY_KILLS_PART = 0.3

async function killAgainAndAgain(shardsByLife, kills, random, { directory, check, say }) {
  const name = shardsByLife.length > 1 ? 'changing shards' : `${shardsByLife[0]} shards`
  const data = join(directory, name.replace(' ', '-'))
  const groups = Array.from({ length: GROUPS }, (_, number) => new Group(`group-${number}`))
  let recoveryKills = 0
  let damage = null
  let life = 0
  for (; life <= kills && damage === null; life++) {
    const settings = {
      directory: data,
      shards: shardsByLife[life % shardsByLife.length],
      settings: { 'group.initial.rebalance.delay.ms': 0 },
    }
    if (life > 0 && random() < RECOVERY_KILLS_PART) {
      const early = launchBroker(settings)
      await sleep(random() * RECOVERY_MS_MAX)
      await early.kill()
      recoveryKills++
    }
    const broker = await startBroker(settings)
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Client.connect(broker.port)))
    if (life === 0) {
      await createTopic(clients[0], TOPIC, PARTITIONS)
      await findCoordinator(clients[0], 'any')
      for (const group of groups.slice(0, MEMBERED)) group.member = await joinAlone(clients[0], group.id)
    } else {
      // By a connection for each group, so that every shard asks every other.
      for (const [i, group] of groups.entries()) damage ??= await group.check(clients[i % CONNECTIONS])
      if (damage !== null || life === kills) {
        await broker.kill()
        break
      }
    }
    const loads = groups.map((group, i) => group.run(clients[(i + life) % CONNECTIONS]))
    await sleep(random() * LIFE_MS_MAX)
    await broker.kill()
    await Promise.all(loads)
  }
  const acknowledged = groups.reduce((sum, group) => sum + group.acknowledgedCount, 0)
  say(`${name}: ${acknowledged} commits acknowledged, ${recoveryKills} more kills during recovery`)
  check(
    damage === null,
    `${name}: ${life} kills, ${GROUPS} groups, no offset lost or gone back${damage === null ? '' : `: ${damage}`}`,
  )
  check(acknowledged > kills, `${name}: there was a load`)
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

const options = { kills: { type: 'string' }, seed: { type: 'string' } }
await verify(
  'commits',
  options,
  async ({ small, kills = small ? '4' : '50', seed = `${Date.now() % 1e6}` }, report) => {
    const random = seededRandom(Number(seed))
    report.say(`seed ${seed}: ${kills} kills each`)
    for (const shards of [[1], [3], [3, 1, 2]]) await killAgainAndAgain(shards, Number(kills), random, report)
  },
)
