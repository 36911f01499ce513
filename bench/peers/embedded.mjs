// What a program in Node appends its records to, in its own process: our engine, and what else there is, LMDB, SQLite (better-sqlite3), LevelDB
// (classic-level), and the log writers pino and sonic-boom. All of one shape, so that the rows of the embedded engine
// (18, 19) can be run beside them:
//
//   open(directory, { isDurable }) → { append(record), settled(), close() }
//
// `append` hands a record over; what it returns, if anything, is a promise that resolves when the record is as durable as
// was asked. `settled` resolves when all that was handed over is. A store batches as its own documentation has it:
//
//   millrace         one partition; durable: each record awaited; not durable: flushed, so that the kernel has it
//   lmdb             keys count up; writes of a turn of the event loop are one transaction; durable: `put` resolves when
//                    that is synced; not durable: noSync
//   better-sqlite3   WAL, a transaction for as many appends as a turn brings; durable: synchronous=FULL, else OFF
//   classic-level    a batch for as many appends as a turn brings; durable: sync
//   pino, sonic-boom a line each, written before `append` returns: not durable 4 KiB at a time, durable each with an fsync
//
// The packages come from bench/packages; better-sqlite3 is compiled once, the others ship their add-ons.
import { join } from 'node:path'
import { importCompiled, importPackage } from '../compare/packages.mjs'

const LOG_BYTES_MIN = 4096

export const stores = {
  millrace,
  lmdb,
  'better-sqlite3': sqlite,
  'classic-level': level,
  pino,
  'sonic-boom': sonicBoom,
}

async function millrace(directory, { isDurable }) {
  const { Engine } = await import(new URL('../../dist/index.js', import.meta.url).href)
  const engine = await Engine.open({ dir: join(directory, 'millrace') })
  const log = await engine.topic('records', { durability: isDurable ? 'durable' : 'os' })
  const awaited = (value) => log.appendDurable(0, { value })
  const given = (value) => {
    if (!log.append(0, { value })) throw new Error('a burst is more than the engine has memory for')
  }
  return { append: isDurable ? awaited : given, settled: () => log.flush(), close: () => engine.close() }
}

async function lmdb(directory, { isDurable }) {
  const { open } = await importPackage('lmdb')
  const store = open({ path: join(directory, 'lmdb'), encoding: 'binary', keyEncoding: 'uint32', noSync: !isDurable })
  let next = 0
  let last
  const append = (record) => {
    last = store.put(next++, record)
    return last
  }
  return { append, settled: async () => await last, close: () => store.close() }
}

async function sqlite(directory, { isDurable }) {
  const { default: Database } = await importCompiled('better-sqlite3')
  const database = new Database(join(directory, 'records.db'))
  database.pragma('journal_mode = WAL')
  database.pragma(`synchronous = ${isDurable ? 'FULL' : 'OFF'}`)
  database.exec('CREATE TABLE records (number INTEGER PRIMARY KEY, value BLOB)')
  const insert = database.prepare('INSERT INTO records (value) VALUES (?)')
  const insertAll = database.transaction((records) => {
    for (const record of records) insert.run(record)
  })
  return { ...byTurn(async (records) => insertAll(records)), close: () => database.close() }
}

async function level(directory, { isDurable }) {
  const { ClassicLevel } = await importPackage('classic-level')
  const database = new ClassicLevel(join(directory, 'level'), { keyEncoding: 'utf8', valueEncoding: 'buffer' })
  await database.open()
  let next = 0
  const put = (value) => ({ type: 'put', key: `${next++}`.padStart(12, '0'), value })
  const write = async (records) => await database.batch(records.map(put), { sync: isDurable })
  return { ...byTurn(write), close: () => database.close() }
}

async function pino(directory, { isDurable }) {
  const { default: logger } = await importPackage('pino')
  const stream = await sonicStream(directory, isDurable)
  const log = logger({ base: null, timestamp: false }, stream)
  return { append: (record) => log.info(record.latin1Slice()), ...closing(stream) }
}

async function sonicBoom(directory, { isDurable }) {
  const stream = await sonicStream(directory, isDurable)
  return { append: (record) => stream.write(`${record.latin1Slice()}\n`), ...closing(stream) }
}

async function sonicStream(directory, isDurable) {
  const { default: SonicBoom } = await importPackage('sonic-boom')
  const dest = join(directory, 'records.log')
  const stream = new SonicBoom({ dest, fsync: isDurable, sync: true, minLength: isDurable ? 0 : LOG_BYTES_MIN })
  await new Promise((resolve) => stream.once('ready', resolve))
  return stream
}

function closing(stream) {
  const close = () => new Promise((resolve) => stream.once('close', resolve).end())
  return { settled: async () => undefined, close }
}

/** Gathers what a turn of the event loop appends, and writes the next gathering when the one before is done. */
function byTurn(write) {
  let gathered = []
  let done = Promise.resolve()
  let isDue = false
  const flush = async () => {
    isDue = false
    const records = gathered
    gathered = []
    await write(records)
  }
  const append = (record) => {
    gathered.push(record)
    if (!isDue) {
      isDue = true
      done = done.then(() => new Promise((resolve) => setImmediate(resolve))).then(flush)
    }
    return done
  }
  return { append, settled: () => done }
}
