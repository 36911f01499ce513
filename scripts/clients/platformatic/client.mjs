import { node24, npmPackages, placeProgram } from '../lib/node-programs.mjs'
import { byProgram } from '../lib/program.mjs'

const VERSION = '2.12.1'

export default {
  name: '@platformatic/kafka',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['auto', 'manual'],
  groupOnly: true,
  installed() {
    const folder = npmPackages(`platformatic-kafka-${VERSION}`, { '@platformatic/kafka': VERSION })
    const program = placeProgram(folder, new URL('./program.mjs', import.meta.url))
    return { version: VERSION, runtime: 'Node 24', command: [node24(), program] }
  },
  ...byProgram(({ command }) => ({ command })),
}
