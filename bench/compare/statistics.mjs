// Few samples, told whole: the median, the quartiles, and the least and the greatest.

export function median(values) {
  return quantile(values, 0.5)
}

/** Between two samples it interpolates. */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(at)]
  const above = sorted[Math.ceil(at)]
  return below === above ? below : below + (above - below) * (at - Math.floor(at))
}

export function spreadOf(values) {
  return {
    median: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    least: Math.min(...values),
    greatest: Math.max(...values),
    count: values.length,
  }
}

export function isWithin(value, { least, greatest }) {
  return least <= value && value <= greatest
}

/** Three digits that matter; of a count, all. */
export function digits(value) {
  if (value === undefined || Number.isNaN(value)) return '–'
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

export function spreadText({ median: middle, least, greatest, count }) {
  return count === 1 ? digits(middle) : `${digits(middle)} [${digits(least)}–${digits(greatest)}]`
}
