// Does what is committed start on a fresh clone? Clones HEAD, installs it, starts it, asks it with kcat, stops it.
//
//   node scripts/check-fresh.mjs
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const READY_MS_MAX = 2000
const GIVE_UP_MS = 30_000

const root = resolve(fileURLToPath(import.meta.url), '../..')
const scratch = mkdtempSync(join(tmpdir(), 'millrace-fresh-'))
const clone = join(scratch, 'clone')

try {
  run('git', ['clone', '--quiet', root, clone], scratch)
  run('npm', ['ci'], clone)
  await startAndStop()
} catch (error) {
  console.error(`check-fresh: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function startAndStop() {
  const startedAt = performance.now()
  const settings = ['-o', 'listeners=PLAINTEXT://127.0.0.1:0', '-o', `log.dirs=${join(scratch, 'data')}`]
  const broker = spawn(process.execPath, ['dist/cli/millrace.js', 'start', ...settings], {
    cwd: clone,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(broker, 'exit')
  const deadline = setTimeout(() => broker.kill('SIGKILL'), GIVE_UP_MS)
  try {
    const lines = createInterface({ input: broker.stdout })[Symbol.asyncIterator]()
    const { value: line = '(nothing)' } = await lines.next()
    const readyMs = Math.round(performance.now() - startedAt)
    const port = /^millrace \S+ node 1 listening on PLAINTEXT:\/\/127\.0\.0\.1:(\d+)$/.exec(line)?.[1]
    expect(port !== undefined, `the first line on stdout is not the ready line: ${line}`)
    console.log(`ready after ${readyMs} ms: ${line}`)
    expect(readyMs <= READY_MS_MAX, `that took more than ${READY_MS_MAX} ms`)

    const listing = run('kcat', ['-b', `127.0.0.1:${port}`, '-L', '-m', '5'], clone)
    expect(listing.includes(`127.0.0.1:${port}`), `kcat -L does not name the broker: ${listing}`)
    console.log('kcat -L names the broker')

    broker.kill('SIGTERM')
    const [code, signal] = await ended
    expect(code === 0, `after SIGTERM it ended with ${signal ?? `exit code ${code}`}`)
    expect((await lines.next()).done, 'there is more than one line on stdout')
    console.log('SIGTERM: exit 0')
  } finally {
    clearTimeout(deadline)
    broker.kill('SIGKILL')
    await ended
  }
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  expect(status === 0, `${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
  return stdout
}

function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise)
}
