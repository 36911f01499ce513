// Two sides in turn, A B B A, until there are enough pairs that count; and what the pairs say.
import { spreadOf } from './statistics.mjs'

/** The peer must come this near to the best it was seen to do, or the pair says nothing about it. */
const OF_ITS_BEST_MIN = 0.8
/** Void pairs are taken again, but not for ever. */
const ATTEMPTS_A_PAIR = 2

/** `sample(which)` resolves to a sample of `ours` or `theirs`. `best` is what the peer's calibration gave, if it had one. */
export async function takePairs({ pairs, pace, best, sample, onSample = () => {} }) {
  const taken = []
  let greatest = best ?? 0
  for (let attempt = 0; attempt < pairs * ATTEMPTS_A_PAIR; attempt++) {
    const pair = {}
    for (const which of attempt % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours']) {
      pair[which] = await sample(which)
      onSample(which, pair[which])
    }
    taken.push(pair)
    if (pace !== undefined) greatest = Math.max(greatest, pair.theirs.values[pace])
    for (const each of taken) each.isVoid = isVoid(each, pace, greatest)
    if (taken.filter((each) => !each.isVoid).length === pairs) break
  }
  return { pairs: taken, best: pace === undefined ? null : greatest }
}

function isVoid({ theirs }, pace, best) {
  return pace !== undefined && theirs.values[pace] < best * OF_ITS_BEST_MIN
}

/** For each measure both sides' spread, and that of the ratio pair by pair: how many times better ours is. */
export function compare(measures, targets, pairs) {
  const valid = pairs.filter((pair) => !pair.isVoid)
  if (valid.length === 0) return []
  return Object.entries(measures).map(([key, { title, unit, better }]) => {
    const ours = spreadOf(valid.map((pair) => pair.ours.values[key]))
    const theirs = spreadOf(valid.map((pair) => pair.theirs.values[key]))
    const ratio = spreadOf(valid.map((pair) => timesBetter(pair.ours.values[key], pair.theirs.values[key], better)))
    return {
      key,
      title,
      unit,
      better,
      ours,
      theirs,
      ratio,
      target: targets[key] ?? null,
      isMet: isMet(targets[key], ours, ratio),
    }
  })
}

function timesBetter(ours, theirs, better) {
  if (ours === theirs) return 1
  return better === 'more' ? ours / theirs : theirs / ours
}

/** Null where nothing was set. */
function isMet(target, ours, ratio) {
  if (target === undefined) return null
  return (
    (target.ratio === undefined || ratio.median >= target.ratio) &&
    (target.most === undefined || ours.median <= target.most)
  )
}

/** The latencies of all runs of a side as one histogram of [nanoseconds, count]; null if none were recorded. */
export function latencies(pairs) {
  const valid = pairs.filter((pair) => !pair.isVoid)
  if (valid.length === 0 || valid.some(({ ours, theirs }) => !ours.buckets || !theirs.buckets)) return null
  return { ours: merged(valid.map(({ ours }) => ours)), theirs: merged(valid.map(({ theirs }) => theirs)) }
}

function merged(samples) {
  const counts = new Map()
  for (const [value, count] of samples.flatMap(({ buckets }) => buckets)) {
    counts.set(value, (counts.get(value) ?? 0) + count)
  }
  return [...counts].sort(([a], [b]) => a - b)
}
