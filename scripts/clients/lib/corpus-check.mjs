// Does a client get back what it produced? A corpus, a message a line, with every codec that it knows: every line once,
// byte for byte, in the order of each partition, and kept by the broker as the client compressed it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, createTopic, storedCodecs } from '../../verify/lib/client.mjs'
import { Ledger } from './ledger.mjs'
import { Member } from './member.mjs'
import { Changes } from './until.mjs'

const PARTITIONS = 6
const CONSUME_MS_MAX = 60_000
const LEAVE_MS_MAX = 30_000

/** Resolves to what came of it, by codec: ok, or what was wrong. */
export async function checkCorpus(client, place, { broker, directory, lines }) {
  const file = join(directory, `${client.key}.corpus`)
  writeFileSync(file, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])))
  const results = {}
  for (const codec of client.codecs) {
    results[codec] = await roundTrip(client, place, { broker, file, lines, codec }).then(
      () => 'ok',
      (error) => error.message,
    )
  }
  return results
}

async function roundTrip(client, place, { broker, file, lines, codec }) {
  const topic = `corpus-${client.run}-${client.key}-${codec}`
  const link = await Client.connect(broker.port)
  try {
    await createTopic(link, topic, PARTITIONS)
    const shared = { bootstrap: broker.address, topic, partitions: PARTITIONS }
    await client.produce(place, { ...shared, codec, file })
    const group = client.groupOnly ? `${topic}-readers` : null
    const reading = { ...shared, group, strategy: 'eager', commit: client.commits[0], sessionMs: 10_000 }
    const ledger = new Ledger(lines)
    const changes = new Changes()
    const member = new Member('consumer', client.consume(place, reading), ledger, changes.changed)
    try {
      const isDone = () => ledger.isWhole() || ledger.damage !== null || member.ended !== null
      const what = () => `${ledger.missing()} of ${lines.length} lines not consumed`
      await changes.until(isDone, CONSUME_MS_MAX, what, () => member.story)
      member.stop()
      await changes.until(
        () => member.ended !== null,
        LEAVE_MS_MAX,
        () => 'did not leave',
        () => member.story,
      )
    } finally {
      member.kill()
    }
    if (ledger.damage !== null) throw new Error(ledger.damage)
    if (!ledger.isWhole()) throw new Error(`ended early: ${ledger.missing()} lines missing\n${member.story}`)
    if (ledger.duplicates > 0) throw new Error(`${ledger.duplicates} lines twice`)
    const stored = await storedCodecs(link, topic, PARTITIONS)
    if (stored !== codec) throw new Error(`stored as ${stored}`)
  } finally {
    link.close()
  }
}
