import { byProgram } from '../lib/program.mjs'
import { pythonProgram, virtualPython } from '../lib/python-programs.mjs'

const VERSION = '2.16.1'

export default {
  name: 'confluent-kafka (Python)',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['auto', 'manual'],
  installed() {
    const python = virtualPython(`confluent-kafka-python-${VERSION}`, { 'confluent-kafka': VERSION })
    const program = new URL('./program.py', import.meta.url)
    return { version: VERSION, runtime: 'Python 3, librdkafka', ...pythonProgram(python, program) }
  },
  ...byProgram(({ command, env }) => ({ command, env })),
}
