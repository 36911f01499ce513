// Builds the C++ programs of bench/load by its Makefile: what is newer than its sources and headers is kept.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
let built

/** Returns the paths of the load generator and of the null broker. Looks at the sources once a process. */
export function buildLoad() {
  built ??= build()
  return built
}

function build() {
  const out = join(root, 'build', 'load')
  mkdirSync(out, { recursive: true })
  // One at a time: several test files may want it at once.
  const command = ['flock', join(out, 'lock'), 'make', '--silent', '-j2', '-C', join(root, 'bench', 'load')]
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error('bench/load could not be built', { cause: error })
  return { load: join(out, 'load'), nullBroker: join(out, 'null-broker') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const program of Object.values(buildLoad())) process.stdout.write(`${program}\n`)
}
