import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, install } from '../lib/cache.mjs'
import { byProgram } from '../lib/program.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const VERSION = /franz-go v(\S+)/.exec(readFileSync(join(folder, 'go.mod'), 'utf8'))[1]

export default {
  name: 'franz-go',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  strategies: ['eager', 'cooperative'],
  commits: ['auto', 'manual'],
  installed() {
    const place = cached(`franz-go-${VERSION}`, () => undefined)
    const program = join(place, 'program')
    install(['go', 'build', '-o', program, '.'], { cwd: folder })
    return { version: VERSION, runtime: install(['go', 'env', 'GOVERSION']).trim(), command: [program] }
  },
  ...byProgram(({ command }) => ({ command })),
}
