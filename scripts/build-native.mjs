// Builds the native add-on with node-gyp against the headers of the running Node, without any download.
//
// A build that is newer than its sources is kept unless --force is given.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeHeaderPrefix } from './node-headers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const addon = join(root, 'build', 'Release', 'millrace.node')

function isFresh() {
  if (!existsSync(addon)) return false
  const builtAt = statSync(addon).mtimeMs
  const native = join(root, 'native')
  const sources = [join(root, 'binding.gyp'), ...readdirSync(native).map((name) => join(native, name))]
  return sources.every((file) => statSync(file).mtimeMs < builtAt)
}

if (!process.argv.includes('--force') && isFresh()) process.exit(0)

const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
const build = [nodeGyp, 'rebuild', `--nodedir=${nodeHeaderPrefix()}`, '--loglevel=error']
const result = spawnSync(process.execPath, build, { cwd: root, stdio: 'inherit' })
process.exit(result.status ?? 1)
