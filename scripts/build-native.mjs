// Builds the native add-on with node-gyp against the headers of the running Node, without any download.
//
// Headers are looked for in npm_config_nodedir, then beside the running node (<prefix>/include/node/node_api.h).
// A build that is newer than its sources is kept unless --force is given.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const addon = join(root, 'build', 'Release', 'millrace.node')

function headerPrefix() {
  const candidates = [process.env.npm_config_nodedir, resolve(dirname(process.execPath), '..')]
  return candidates.find((prefix) => prefix && existsSync(join(prefix, 'include', 'node', 'node_api.h')))
}

function isFresh() {
  if (!existsSync(addon)) return false
  const builtAt = statSync(addon).mtimeMs
  const sources = [
    join(root, 'binding.gyp'),
    ...readdirSync(join(root, 'native')).map((name) => join(root, 'native', name)),
  ]
  return sources.every((file) => statSync(file).mtimeMs < builtAt)
}

if (!process.argv.includes('--force') && isFresh()) process.exit(0)

const prefix = headerPrefix()
if (!prefix) {
  console.error(
    'millrace: no Node headers found; set npm_config_nodedir to a prefix that holds include/node/node_api.h',
  )
  process.exit(1)
}
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
const result = spawnSync(process.execPath, [nodeGyp, 'rebuild', `--nodedir=${prefix}`, '--loglevel=error'], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(result.status ?? 1)
