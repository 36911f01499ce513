// A program that logs through millrace/pino and ends: `node logger.mjs DIRECTORY`.
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'

const target = fileURLToPath(new URL('../../dist/engine/pino.js', import.meta.url))
const settings = { 'millrace.journal.bytes': 12 << 20 }
const logger = pino(
  pino.transport({ target, options: { dir: process.argv[2], topic: 'lines', partition: 1, settings } }),
)
for (let count = 0; count < 1000; count++) logger.info({ count }, 'größer\nals eins')
