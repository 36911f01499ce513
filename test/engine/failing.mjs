// A process whose files may not grow beyond what its parent allows: what its engine says when that is reached, and that
// nothing else happens to the process.
//
//   node failing.mjs DIRECTORY
const { Engine } = await import(new URL('../../dist/index.js', import.meta.url).href)
const [, , dir] = process.argv

const settings = { 'millrace.journal.bytes': 12 << 20, 'millrace.log.level': 'fatal' }
const engine = await Engine.open({ dir, settings })
let errors = 0
const failed = new Promise((resolve) => {
  engine.on('error', (error) => {
    errors++
    resolve(error)
  })
})
const log = await engine.topic('events', { durability: 'os' })
const quiet = await engine.topic('quiet')
const tail = nameOf(quiet.tail(0).next())
const value = Buffer.alloc(10_000)
const appending = (async () => {
  for (;;)
    await log.appendMany(
      0,
      Array.from({ length: 100 }, () => ({ value })),
    )
})()
const answers = [await nameOf(appending), (await failed).name, await tail]
try {
  log.append(0, { value })
} catch (error) {
  answers.push(error.name)
}
const calls = [
  () => log.flush(),
  () => log.read(0).next(),
  () => log.appendMany(0, [{ value }]),
  () => log.offsets(0),
  () => engine.topic('other'),
  () => engine.deleteTopic('events'),
  () => engine.ready(),
]
for (const call of calls) answers.push(await nameOf(call()))
await engine.close()
process.stdout.write(JSON.stringify({ errors, answers }))

async function nameOf(promise) {
  return promise.then(
    () => 'resolved',
    (error) => error.name,
  )
}
