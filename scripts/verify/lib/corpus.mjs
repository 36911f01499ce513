// A text corpus that every Debian machine has: what `apt-cache dumpavail` prints. Empty lines are left out: kcat does not
// send them.
import { spawnSync } from 'node:child_process'

/** Lines as one Buffer, at most `bytesMax` of them. */
export function readCorpus(bytesMax = Number.POSITIVE_INFINITY) {
  const { stdout, status, error } = spawnSync('apt-cache', ['dumpavail'], { maxBuffer: 2 ** 30 })
  if (status !== 0) throw new Error(`apt-cache dumpavail failed: ${error?.message ?? `exit ${status}`}`)
  const lines = Buffer.allocUnsafe(stdout.length)
  let length = 0
  for (let start = 0; start < stdout.length && length < bytesMax; ) {
    const newline = stdout.indexOf(10, start)
    const end = newline < 0 ? stdout.length : newline + 1
    if (end - start > 1) length += stdout.copy(lines, length, start, end)
    start = end
  }
  if (length === 0) throw new Error('apt-cache dumpavail printed nothing: run apt-get update')
  return lines.subarray(0, length)
}

/** Calls `onLine(bytes, number)` for every line, newline included. */
export function forEachLine(bytes, onLine) {
  let number = 0
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline + 1
    onLine(bytes.subarray(start, end), number++)
    start = end
  }
}

/** Each line with its number and a space before it. */
export function numberLines(bytes) {
  const numbered = []
  forEachLine(bytes, (line, number) => numbered.push(Buffer.from(`${number} `), line))
  return Buffer.concat(numbered)
}

/** Line i goes to part i mod `count`, order kept. */
export function splitLines(bytes, count) {
  const parts = Array.from({ length: count }, () => ({ bytes: Buffer.allocUnsafe(bytes.length), length: 0, lines: 0 }))
  forEachLine(bytes, (line, number) => {
    const part = parts[number % count]
    part.length += line.copy(part.bytes, part.length)
    part.lines++
  })
  return parts.map(({ bytes: all, length, lines }) => ({ bytes: all.subarray(0, length), lines }))
}
