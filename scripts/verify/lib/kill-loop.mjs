// A broker under load that is killed with kill -9 at random moments, again and again, on the same data directory; after
// each kill everything is looked at. Some restarts are killed before they are ready. `changing` starts each life with
// another number of shards.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBroker, startBroker } from './broker.mjs'
import { Client } from './client.mjs'
import { seededRandom, verify } from './verify.mjs'

const CONNECTIONS = 4
const RECOVERY_MS_MAX = 800
const RECOVERY_KILLS_PART = 0.3

/**
 * A script's body: one world of `makeWorld` for each way to choose shards. Of a world:
 *
 *   settings, lifeMsMax           of its broker
 *   begin(clients)                in the first life, before the load
 *   damage(clients)               in every later one: what is wrong, or null
 *   load(clients, life)           promises; each resolves when its connection has ended
 *   acknowledged, summary, claim  how much was, that in words, and what holds if there is no damage
 */
export async function verifyKills(name, makeWorld) {
  const options = { kills: { type: 'string' }, seed: { type: 'string' } }
  await verify(name, options, async ({ small, kills = small ? '4' : '50', seed = `${Date.now() % 1e6}` }, report) => {
    const random = seededRandom(Number(seed))
    report.say(`seed ${seed}: ${kills} kills each`)
    for (const shards of [[1], [3], [3, 1, 2]]) {
      await killAgainAndAgain(makeWorld(), shards, Number(kills), random, report)
    }
  })
}

async function killAgainAndAgain(world, shardsByLife, kills, random, { directory, check, say }) {
  const name = shardsByLife.length > 1 ? 'changing shards' : `${shardsByLife[0]} shards`
  const data = join(directory, name.replace(' ', '-'))
  let recoveryKills = 0
  let damage = null
  let life = 0
  for (; life <= kills && damage === null; life++) {
    const shards = shardsByLife[life % shardsByLife.length]
    const options = { directory: data, shards, settings: world.settings }
    if (life > 0 && random() < RECOVERY_KILLS_PART) {
      const early = launchBroker(options)
      await sleep(random() * RECOVERY_MS_MAX)
      await early.kill()
      recoveryKills++
    }
    const broker = await startBroker(options)
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Client.connect(broker.port)))
    if (life === 0) await world.begin(clients)
    else damage = await world.damage(clients)
    if (damage !== null || life === kills) {
      await broker.kill()
      break
    }
    const loads = world.load(clients, life)
    await sleep(random() * world.lifeMsMax)
    await broker.kill()
    await Promise.all(loads)
  }
  say(`${name}: ${world.summary}, ${recoveryKills} more kills during recovery`)
  check(damage === null, `${name}: ${life} kills, ${world.claim}${damage === null ? '' : `: ${damage}`}`)
  check(world.acknowledged > kills, `${name}: there was a load`)
}
