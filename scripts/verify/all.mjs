// Runs every verify script in order, each in a process of its own, and sums up. Arguments go to all of them.
//
//   npm run verify [-- --small]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SCRIPTS = ['corpus', 'kill', 'sync-order', 'sendfile', 'dump-log', 'heap', 'commits', 'cooperative', 'hostile']

const passed = SCRIPTS.map((name) => {
  const script = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url))
  return spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' }).status === 0
})
console.log(`\n${SCRIPTS.map((name, i) => `${passed[i] ? 'passed' : 'FAILED'}  ${name}`).join('\n')}`)
process.exitCode = passed.every(Boolean) ? 0 : 1
