// What the clients are installed into: folders outside git, which are filled once.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const SECONDS_MAX = 1500
const root = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace', 'clients')

/**
 * The folder of this name (with a version in it), filled by `fill(folder)` if it is not there. A stamp says that it is
 * whole, for a folder may not be moved once it is filled: virtual environments and build trees know where they are.
 */
export function cached(name, fill) {
  const folder = join(root, name)
  const stamp = `${folder}.complete`
  if (existsSync(stamp)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill(folder)
  writeFileSync(stamp, '')
  return folder
}

/** Runs a command of an installation; throws with what it said if it fails. */
export function install(command, { cwd, env = {} } = {}) {
  const run = spawnSync('timeout', [`${SECONDS_MAX}`, 'nice', '-n', '10', ...command], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  if (run.status === 0) return run.stdout
  const said = `${run.stdout}${run.stderr}`.slice(-3000)
  throw new Error(`${command.join(' ')}: ${run.error?.message ?? `exit ${run.status}`}\n${said}`)
}
