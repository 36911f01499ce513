// How long after kill -9, with so much written, until a broker is there again and answers a record; and is all there?
//
// A record that was answered and is lost, or there twice, fails the row.
//
// Ready is when it answers clients that it is there. Kafka's waits, besides its logs, for the session of the one that was
// killed to end (broker.session.timeout.ms, 9 s): so does whoever restarts it.
import { untilProduced } from '../compare/admin.mjs'
import { GB } from '../compare/values.mjs'

const PARTITIONS = 4
const RECOVERY_MS_MAX = 600_000
const BATCHES = {
  '128 KB batches': { records: 128, recordBytes: 1000, connections: 4, inflight: 4 },
  '1-record batches': { records: 1, recordBytes: 1000, connections: 100, inflight: 8 },
}

export default {
  number: 13,
  name: 'kill',
  title: 'kill −9 with 8 GB written',
  durability: 'acks=1: what was answered survives the process, on both',
  floor: 'the scan of a journal',
  target: 'ready ≥ 5× sooner (≥ 20× for 1-record batches), ≤ 1 s',
  targets: { readySeconds: { ratio: 5, most: 1 } },
  variantTargets: { '1-record batches': { readySeconds: { ratio: 20, most: 1 } } },
  measures: {
    readySeconds: { title: 'ready', unit: 's', better: 'less' },
    producedSeconds: { title: 'first record answered', unit: 's', better: 'less' },
    writtenGb: { title: 'written before', unit: 'GB', better: 'more' },
  },
  variants: Object.keys(BATCHES),
  async sample(run) {
    const bytes = run.bytes ?? run.size(run.variant === '1-record batches' ? 2 * GB : 8 * GB, GB / 32)
    const first = await run.start()
    const topic = await run.topic({ partitions: PARTITIONS })
    const asked = await run.topic({ partitions: 1 })
    const load = { topic, partitions: PARTITIONS, ...BATCHES[run.variant], acks: 1, verify: 1 }
    const written = await run.load('produce', { ...load, bytesMax: bytes })
    await first.kill()
    const killedAt = performance.now()
    const second = await run.start()
    const readySeconds = second.startMs / 1000
    await untilProduced(second, asked, RECOVERY_MS_MAX)
    const producedSeconds = (performance.now() - killedAt) / 1000
    await run.readBack({ topic, partitions: PARTITIONS }, written)
    return { values: { readySeconds, producedSeconds, writtenGb: written.bytes / GB }, load: written }
  },
}
