import { byProgram } from '../lib/program.mjs'
import { pythonProgram, virtualPython } from '../lib/python-programs.mjs'

const VERSION = '0.14.0'
/** aiokafka leaves the codecs beyond gzip to cramjam. */
const CRAMJAM_VERSION = '2.14.0'

export default {
  name: 'aiokafka',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager'],
  commits: ['auto', 'manual'],
  installed() {
    const python = virtualPython(`aiokafka-${VERSION}`, { aiokafka: VERSION, cramjam: CRAMJAM_VERSION })
    const program = new URL('./program.py', import.meta.url)
    return { version: VERSION, runtime: 'Python 3', ...pythonProgram(python, program) }
  },
  ...byProgram(({ command, env }) => ({ command, env })),
}
