// librdkafka's own performance tool: its source is an example within Debian's librdkafka-dev (the npm package leaves the
// examples out), its library the one that scripts/clients builds.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cached, install } from '../../scripts/clients/lib/cache.mjs'
import { buildLibrdkafka, CONFLUENT_VERSION } from '../../scripts/clients/lib/librdkafka.mjs'
import { debianPackages } from './debian.mjs'

const SOURCE = 'usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c'
const LIBRARIES = ['-lpthread', '-lz', '-lzstd', '-lssl', '-lcrypto', '-ldl', '-lm', '-lrt']

/** Builds it if it is not there; returns the program's path. */
export function rdkafkaPerformance() {
  const folder = cached(`rdkafka-performance-${CONFLUENT_VERSION}`, (empty) => {
    const library = buildLibrdkafka()
    const source = join(debianPackages('librdkafka-dev', ['librdkafka-dev']), SOURCE)
    if (!existsSync(source)) throw new Error(`librdkafka-dev has no ${SOURCE}`)
    const headers = ['-I', join(library, 'src'), '-I', library]
    const from = [source, join(library, 'src', 'librdkafka.a'), ...LIBRARIES]
    install(['cc', '-O2', ...headers, '-o', 'rdkafka_performance', ...from], { cwd: empty })
  })
  return join(folder, 'rdkafka_performance')
}
