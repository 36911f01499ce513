import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { byProgram } from '../lib/program.mjs'
import { debianModules, pythonProgram } from '../lib/python-programs.mjs'

const PYTHON = '/usr/bin/python3'
const PACKAGES = ['python3-kafka', 'python3-lz4', 'python3-snappy', 'libsnappy1v5', 'python3-zstandard']

export default {
  name: 'kafka-python (Debian)',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager'],
  commits: ['auto', 'manual'],
  installed() {
    const { modules, libraries } = debianModules('python-kafka-debian', PACKAGES)
    const version = /__version__ = '(.*)'/.exec(readFileSync(join(modules, 'kafka/version.py'), 'utf8'))[1]
    const program = new URL('./program.py', import.meta.url)
    return { version, runtime: 'Python 3.11', ...pythonProgram(PYTHON, program, { modules: [modules], libraries }) }
  },
  ...byProgram(({ command, env }) => ({ command, env })),
}
