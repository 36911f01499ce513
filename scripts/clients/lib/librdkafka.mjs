// librdkafka and its test suite, built from the source within Confluent's npm package.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cached, install } from './cache.mjs'

export const CONFLUENT_PACKAGE = '@confluentinc/kafka-javascript'
export const CONFLUENT_VERSION = '1.10.1'

/** The package as npm has it, unpacked; none of its scripts have run. */
export function confluentPackage() {
  return cached(`confluent-kafka-javascript-${CONFLUENT_VERSION}-source`, (folder) => {
    install(['npm', 'pack', `${CONFLUENT_PACKAGE}@${CONFLUENT_VERSION}`, '--silent'], { cwd: folder })
    install(['sh', '-c', 'tar xzf *.tgz --strip-components=1 && rm *.tgz'], { cwd: folder })
  })
}

/** A build tree; `src` and `src-cpp` in it hold the libraries, `installed` the headers too, `tests` the suite. */
export function buildLibrdkafka({ tests = false } = {}) {
  const tree = cached(`librdkafka-of-${CONFLUENT_VERSION}`, (folder) => {
    if (!existsSync('/usr/include/zstd.h')) throw new Error('librdkafka needs the headers of zstd: libzstd-dev')
    install(['cp', '-r', `${confluentPackage()}/deps/librdkafka/.`, '.'], { cwd: folder })
    const options = [`--prefix=${join(folder, 'installed')}`, '--disable-gssapi', '--disable-curl', '--disable-syslog']
    install(['./configure', ...options], { cwd: folder })
    install(['make', '-j2', 'libs'], { cwd: folder })
    install(['make', 'install-subdirs'], { cwd: folder })
  })
  if (tests && !existsSync(join(tree, 'tests/test-runner'))) {
    install(['make', '-C', 'tests', '-j2', 'build'], { cwd: tree })
  }
  return tree
}
