// A group of three: they join one after the other, one leaves in good order, one is killed with kill -9. All partitions
// are owned all along by those who are there, every message is consumed at least once and in order, and at the end the
// committed offsets, as Apache Kafka's own tool tells them, are the ends of the partitions.
import { Client, createTopic } from '../../verify/lib/client.mjs'
import { splitLines } from '../../verify/lib/corpus.mjs'
import { kafkaCommand } from '../../verify/lib/kafka.mjs'
import { produceParts } from '../../verify/lib/kcat.mjs'
import { run } from '../../verify/lib/process.mjs'
import { Ledger } from './ledger.mjs'
import { Member } from './member.mjs'
import { Changes } from './until.mjs'

const PARTITIONS = 6
const STEP_MS_MAX = 45_000
const SESSION_MS = 6000
/** What is produced when: with one member, with three, with two, while one of them is dead, and with the last. */
const STAGES = 5

/** Resolves to { ok, duplicates, seconds } or { ok: false, error, … }. */
export async function checkGroup(client, place, { broker, lines, strategy, commit }) {
  const scenario = new Scenario(client, place, { broker, lines, strategy, commit })
  const startedAt = performance.now()
  const seconds = () => Number(((performance.now() - startedAt) / 1000).toFixed(1))
  try {
    await scenario.run()
    return { ok: true, duplicates: scenario.ledger.duplicates, seconds: seconds() }
  } catch (error) {
    return { ok: false, error: error.message, duplicates: scenario.ledger.duplicates, seconds: seconds() }
  } finally {
    for (const member of scenario.members) member.kill()
  }
}

class Scenario {
  #client
  #place
  #broker
  #lines
  #parameters
  #produced = 0
  #changes = new Changes()
  ledger
  /** All that ever were. */
  members = []

  constructor(client, place, { broker, lines, strategy, commit }) {
    this.#client = client
    this.#place = place
    this.#broker = broker
    this.#lines = lines
    this.ledger = new Ledger(lines)
    const topic = `group-${client.run}-${client.key}-${strategy}-${commit}`
    const shared = { bootstrap: broker.address, topic, partitions: PARTITIONS }
    this.#parameters = { ...shared, group: `${topic}-group`, strategy, commit, sessionMs: SESSION_MS }
  }

  async run() {
    const { topic } = this.#parameters
    const link = await Client.connect(this.#broker.port)
    await createTopic(link, topic, PARTITIONS)
    link.close()

    await this.#produce()
    const first = await this.#join('first', [])
    await this.#consumed()
    const second = await this.#join('second', [first])
    const third = await this.#join('third', [first, second])
    await this.#produce()
    await this.#consumed()

    second.stop()
    await this.#until('second has left', () => second.ended !== null)
    await this.#balanced('after second has left', [first, third])
    await this.#produce()
    await this.#consumed()

    third.kill()
    await this.#until('third is dead', () => third.ended !== null)
    await this.#produce()
    await this.#balanced('after third was killed', [first])
    await this.#consumed()
    await this.#produce()
    await this.#consumed()

    first.stop()
    await this.#until('first has left', () => first.ended !== null)
    await this.#committedToTheEnds()
  }

  async #join(name, others) {
    const consumer = this.#client.consume(this.#place, this.#parameters)
    const member = new Member(name, consumer, this.ledger, this.#changes.changed)
    this.members.push(member)
    await this.#balanced(`after ${name} has joined`, [...others, member])
    return member
  }

  /** Every partition has one owner among the members, and their shares are alike. */
  #balanced(when, members) {
    return this.#until(`${when}: all partitions owned, in like shares`, () => {
      const owned = members.flatMap((member) => [...member.owned])
      const sizes = members.map((member) => member.owned.size)
      const isEven = Math.max(...sizes) - Math.min(...sizes) <= 1
      return isEven && owned.length === PARTITIONS && new Set(owned).size === PARTITIONS
    })
  }

  #consumed() {
    return this.#until(
      () => `consumed to line ${this.#produced}, ${this.ledger.missing(0, this.#produced)} missing`,
      () => this.ledger.isWhole(0, this.#produced),
    )
  }

  #until(what, condition) {
    const name = () => (typeof what === 'string' ? what : what())
    const holds = () => {
      if (this.ledger.damage !== null) throw new Error(this.ledger.damage)
      return condition()
    }
    const story = () => this.members.map((member) => member.story).join('\n')
    return this.#changes.until(holds, STEP_MS_MAX, () => `not ${name()}`, story)
  }

  /** The next stage's lines, by kcat: this is about consumers. */
  async #produce() {
    const stage = Math.ceil(this.#lines.length / STAGES)
    const from = this.#produced
    const lines = this.#lines.slice(from, from + stage)
    this.#produced += lines.length
    const bytes = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
    const parts = splitLines(bytes, PARTITIONS)
    await produceParts(this.#broker.port, this.#parameters.topic, parts, ['-X', 'acks=all'])
  }

  async #committedToTheEnds() {
    const { bootstrap, group, topic } = this.#parameters
    const parameters = ['--bootstrap-server', bootstrap, '--describe', '--group', group, '--offsets']
    const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const { code, stdout, stderr } = await run(kafkaCommand(tool, parameters))
    const rows = stdout.split('\n').filter((line) => line.startsWith(`${group} `))
    const offsets = rows.map((row) => row.split(/\s+/)).filter((columns) => columns[1] === topic)
    const total = offsets.reduce((sum, columns) => sum + Number(columns[3]), 0)
    const areEnds = offsets.every(([, , , current, end]) => current === end)
    const isEmpty = `${stdout}${stderr}`.includes('no active members')
    if (code === 0 && offsets.length === PARTITIONS && total === this.#lines.length && areEnds && isEmpty) return
    throw new Error(`committed offsets are not the ends:\n${stdout}${stderr}`)
  }
}
