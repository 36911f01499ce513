// kcat, as Debian has it: librdkafka in C, from a command line.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { forEachLine } from '../../verify/lib/corpus.mjs'
import { runToEnd } from '../../verify/lib/process.mjs'

export default {
  name: 'kcat',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['auto'],
  installed() {
    const { stdout } = spawnSync('kcat', ['-V'], { encoding: 'utf8' })
    const found = /Version (\S+) .*librdkafka (\S+)/.exec(stdout ?? '')
    if (found === null) throw new Error('kcat is not installed: apt-get install kcat')
    return { version: found[1], runtime: `librdkafka ${found[2]}` }
  },

  /** A kcat for each partition. */
  async produce(_, { bootstrap, topic, codec, file, partitions }) {
    const parts = Array.from({ length: partitions }, () => [])
    forEachLine(readFileSync(file), (line, number) => parts[number % partitions].push(line))
    await Promise.all(
      parts.map((lines, partition) => {
        const where = ['-b', bootstrap, '-P', '-t', topic, '-p', `${partition}`]
        return runToEnd(['kcat', ...where, '-z', codec, '-X', 'acks=all'], { input: Buffer.concat(lines) })
      }),
    )
  },

  consume(_, { bootstrap, topic, group, strategy, sessionMs }) {
    const format = ['-u', '-f', '%p %o %s\n']
    if (group === null) return { command: ['kcat', '-b', bootstrap, '-C', '-t', topic, '-o', 'beginning', ...format] }
    const settings = {
      'session.timeout.ms': sessionMs,
      'heartbeat.interval.ms': 500,
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': 500,
      'partition.assignment.strategy': strategy === 'cooperative' ? 'cooperative-sticky' : 'range',
    }
    const options = Object.entries(settings).flatMap(([key, value]) => ['-X', `${key}=${value}`])
    return { command: ['kcat', '-b', bootstrap, ...options, ...format, '-G', group, topic], translate }
  },
}

/**
 * On stderr: "% Group NAME rebalanced (memberid …): assigned: TOPIC [0], TOPIC [1]", or "% Group NAME rebalanced:
 * incremental assignment of 2 partition(s) (memberid …): TOPIC [0], TOPIC [1]".
 */
function translate(line, stream) {
  if (stream === 'stdout') return line
  const found = /^% Group \S+ rebalanced.*?(assign|revoke)/.exec(line.toString())
  if (found === null) return null
  const partitions = [...line.toString().matchAll(/ \[(\d+)\]/g)].map(([, partition]) => Number(partition))
  return { event: found[1] === 'assign' ? 'assigned' : 'revoked', partitions }
}
