import zlib from 'node:zlib'
import { npmPackages, placeProgram } from '../lib/node-programs.mjs'
import { byProgram } from '../lib/program.mjs'

const VERSION = '2.2.4'
const PACKAGES = { kafkajs: VERSION, 'kafkajs-snappy': '1.1.0', 'kafkajs-lz4': '1.2.1' }

export default {
  name: 'kafkajs',
  /** The package for zstd builds on no Node of today; the newer ones have the codec themselves. */
  codecs: ['none', 'gzip', 'snappy', 'lz4', ...(zlib.zstdCompressSync === undefined ? [] : ['zstd'])],
  strategies: ['eager'],
  commits: ['auto', 'manual'],
  groupOnly: true,
  installed() {
    const folder = npmPackages(`kafkajs-${VERSION}`, PACKAGES)
    const program = placeProgram(folder, new URL('./program.mjs', import.meta.url))
    return {
      version: VERSION,
      runtime: `Node ${process.versions.node.split('.')[0]}`,
      command: [process.execPath, program],
    }
  },
  ...byProgram(({ command }) => ({ command })),
}
