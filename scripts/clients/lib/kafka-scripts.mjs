// The few shell scripts of Apache Kafka's archive that librdkafka's suite calls, over the same programs from Maven.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaClassPath } from '../../verify/lib/kafka.mjs'

const CLASSES = { 'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand', 'kafka-run-class.sh': '' }

/** Writes them to `folder`/bin; returns the folder, which is what the suite takes for Kafka's. */
export function kafkaScripts(folder) {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  for (const [name, mainClass] of Object.entries(CLASSES)) {
    const java = `exec timeout 60 java -Xmx256m -XX:TieredStopAtLevel=1 -cp '${kafkaClassPath()}'`
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${java} ${mainClass} "$@"\n`, { mode: 0o755 })
  }
  return folder
}
