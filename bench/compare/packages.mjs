// Packages that only benchmarks use, by bench/packages and its lock file, in a cache outside git: none of them is a
// dependency of the project. No package's own install script is run, since some would download; what has to be compiled
// is compiled here.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cached, install } from '../../scripts/clients/lib/cache.mjs'
import { nodeHeaderPrefix } from '../../scripts/node-headers.mjs'

const FILES = ['package.json', 'package-lock.json']
const own = createRequire(import.meta.url)

/** The folder in which they are installed. */
export function packagesFolder() {
  const lock = readFileSync(new URL('../packages/package-lock.json', import.meta.url))
  const name = `bench-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`
  return cached(name, (folder) => {
    for (const file of FILES) copyFileSync(new URL(`../packages/${file}`, import.meta.url), join(folder, file))
    install(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
  })
}

export async function importPackage(name) {
  const path = createRequire(join(packagesFolder(), 'package.json')).resolve(name)
  return await import(pathToFileURL(path).href)
}

/** The same for a package that ships its add-on as source: compiled once, against the headers of this Node. */
export async function importCompiled(name) {
  const folder = join(packagesFolder(), 'node_modules', name)
  if (!existsSync(join(folder, 'build', 'Release'))) {
    const compile = ['rebuild', '--release', `--nodedir=${nodeHeaderPrefix()}`, '--loglevel=error']
    install([process.execPath, own.resolve('node-gyp/bin/node-gyp.js'), ...compile], { cwd: folder })
  }
  return await importPackage(name)
}
