import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * The prefix whose include/node holds the headers of the running Node, found without any download: npm_config_nodedir,
 * or where node itself lies. Ends the process with a word on what to do if there is none.
 */
export function nodeHeaderPrefix() {
  const candidates = [process.env.npm_config_nodedir, resolve(process.execPath, '..', '..')]
  const prefix = candidates.find((path) => path && existsSync(join(path, 'include', 'node', 'node_api.h')))
  if (prefix) return prefix
  process.stderr.write(
    'millrace: no Node headers found; set npm_config_nodedir to a prefix that holds include/node/node_api.h\n',
  )
  process.exit(1)
}
