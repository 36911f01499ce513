// Apache Kafka's own client in Java, through the programs that come with it: the console producer and the verifiable
// consumer, which says what it is assigned and what it commits.
import { readFileSync } from 'node:fs'
import { kafkaCommand, kafkaVersion } from '../../verify/lib/kafka.mjs'
import { runToEnd } from '../../verify/lib/process.mjs'

const STRATEGIES = {
  eager: 'org.apache.kafka.clients.consumer.RangeAssignor',
  cooperative: 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
}

export default {
  name: 'Apache Kafka (Java)',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['manual', 'auto'],
  groupOnly: true,
  installed() {
    return { version: kafkaVersion(), runtime: 'Java' }
  },

  async produce(_, { bootstrap, topic, codec, file }) {
    const parameters = ['--bootstrap-server', bootstrap, '--topic', topic, '--compression-codec', codec]
    const settings = ['acks=all', 'linger.ms=20', 'batch.size=100000']
    const options = settings.flatMap((setting) => ['--command-property', setting])
    await runToEnd(kafkaCommand('org.apache.kafka.tools.ConsoleProducer', [...parameters, ...options]), {
      input: readFileSync(file),
    })
  },

  consume(_, { bootstrap, topic, group, strategy, commit, sessionMs }) {
    const parameters = ['--bootstrap-server', bootstrap, '--topic', topic, '--group-id', group, '--verbose']
    const options = ['--session-timeout', `${sessionMs}`, '--reset-policy', 'earliest']
    const assignor = ['--assignment-strategy', STRATEGIES[strategy]]
    const auto = commit === 'auto' ? ['--enable-autocommit'] : []
    const all = [...parameters, ...options, ...assignor, ...auto]
    return { command: kafkaCommand('org.apache.kafka.tools.VerifiableConsumer', all), translate: fromVerifiable }
  },
}

function fromVerifiable(line, stream) {
  if (stream === 'stderr' || line[0] !== 0x7b) return null
  const said = JSON.parse(line.toString())
  const partitions = said.partitions?.map?.(({ partition }) => partition)
  switch (said.name) {
    case 'partitions_assigned':
      return { event: 'assigned', partitions }
    case 'partitions_revoked':
      return { event: 'revoked', partitions }
    case 'partitions_lost':
      return { event: 'lost', partitions }
    case 'record_data':
      return Buffer.from(`${said.partition} ${said.offset} ${said.value}`)
    case 'shutdown_complete':
      return { event: 'left' }
    default:
      return null
  }
}
