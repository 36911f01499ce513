import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildLibrdkafka, CONFLUENT_PACKAGE, CONFLUENT_VERSION, confluentPackage } from '../lib/librdkafka.mjs'
import { npmPackages, placeProgram } from '../lib/node-programs.mjs'
import { byProgram } from '../lib/program.mjs'

export default {
  name: CONFLUENT_PACKAGE,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['auto', 'manual'],
  groupOnly: true,
  /** Its own build would compile librdkafka once more, from the same source: it is linked with ours. */
  installed() {
    const library = join(buildLibrdkafka(), 'installed')
    const env = {
      BUILD_LIBRDKAFKA: '0',
      CXXFLAGS: `-I${library}/include -I${library}/include/librdkafka`,
      LDFLAGS: `-L${library}/lib -Wl,-rpath,${library}/lib`,
    }
    const packages = { [CONFLUENT_PACKAGE]: CONFLUENT_VERSION }
    const options = ['--build-from-source']
    const folder = npmPackages(`confluent-kafka-javascript-${CONFLUENT_VERSION}`, packages, { env, options })
    const program = placeProgram(folder, new URL('./program.cjs', import.meta.url))
    const runtime = `Node ${process.versions.node.split('.')[0]}, librdkafka ${librdkafkaVersion()}`
    return { version: CONFLUENT_VERSION, runtime, command: [process.execPath, program] }
  },
  ...byProgram(({ command }) => ({ command })),
}

function librdkafkaVersion() {
  return JSON.parse(readFileSync(join(confluentPackage(), 'package.json'), 'utf8')).librdkafka
}
