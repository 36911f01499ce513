// Builds the C++ programs of bench/load with the system's compiler. A build newer than its source is kept.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Returns the path of the built program: `load`, the load generator, or `floor`, the server it is compared with. */
export function buildLoad(name) {
  const source = join(root, 'bench', 'load', `${name}.cc`)
  const program = join(root, 'build', 'load', name)
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program
  mkdirSync(dirname(program), { recursive: true })
  const flags = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-o', program, source]
  const { status } = spawnSync(process.env.CXX ?? 'g++', flags, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${source} could not be built`)
  return program
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of ['load', 'floor']) process.stdout.write(`${buildLoad(name)}\n`)
}
