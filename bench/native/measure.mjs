// What the benchmarks of the border share: the add-on, and figures as medians over rounds with their spread. They charge
// CPU time, of all threads: what the add-on's own threads do counts.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isSmall } from '../micro.mjs'

const addonPath =
  process.env.MILLRACE_ADDON ?? fileURLToPath(new URL('../../build/Release/millrace.node', import.meta.url))
export const addon = createRequire(import.meta.url)(addonPath)

export function print(line) {
  process.stdout.write(`${line}\n`)
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** Nanoseconds of CPU for one call of `once`: the median of some rounds, with the least and the greatest. */
export function cpuNanoseconds(once) {
  const rounds = isSmall ? 2 : 7
  const roundNanoseconds = isSmall ? 1e6 : 150e6
  let calls = 1
  let spent = 0
  do {
    calls *= 2
    spent = timed(once, calls)
  } while (spent < roundNanoseconds / 2)
  const each = Array.from({ length: rounds }, () => timed(once, calls) / calls)
  return { median: quantile(each, 0.5), least: Math.min(...each), greatest: Math.max(...each) }
}

function timed(once, calls) {
  const before = process.cpuUsage()
  for (let call = 0; call < calls; call++) once()
  const after = process.cpuUsage(before)
  return (after.user + after.system) * 1000
}
