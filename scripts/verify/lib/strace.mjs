// Reads what `strace -f -x -o FILE` wrote: for each call a begin and an end, in the order in which strace saw them.

/** The end of each begin, where the trace has it. */
const ends = new WeakMap()

/**
 * Events in order. A begin: { call, thread, isBegin: true, begin: itself, text, strings }, `strings` being its buffers'
 * bytes as far as strace shows them. An end: { call, thread, isBegin: false, begin, result, text }, `text` being what the
 * call's line says at its end.
 */
export function parseTrace(text) {
  const events = []
  /** The call that each thread is in. */
  const begun = new Map()
  const addBegin = (thread, call, line) => {
    const begin = { call, thread, isBegin: true, text: line, strings: stringsOf(line) }
    begin.begin = begin
    events.push(begin)
    return begin
  }
  const addEnd = (begin, line) => {
    const result = Number(/ = (-?\d+)[^=]*$/.exec(line)?.[1] ?? Number.NaN)
    const end = { call: begin.call, thread: begin.thread, isBegin: false, begin, result, text: line }
    ends.set(begin, end)
    events.push(end)
  }
  for (const line of text.split('\n')) {
    const match = /^(\d+) +(?:[\d.]+ )?(?:<\.\.\. (\w+) resumed>|(\w+)\()/.exec(line)
    if (match === null) continue
    const [, thread, resumed, call] = match
    if (resumed !== undefined) {
      const begin = begun.get(thread)
      begun.delete(thread)
      if (begin?.call === resumed) addEnd(begin, line)
    } else if (line.endsWith('<unfinished ...>')) begun.set(thread, addBegin(thread, call, line))
    else addEnd(addBegin(thread, call, line), line)
  }
  return events
}

export function endOf(begin) {
  return ends.get(begin)
}

/** The iov_base strings of a call, as bytes. Under -x a string is in hex throughout if it has a byte that is not text. */
function stringsOf(line) {
  const strings = []
  for (const [, quoted] of line.matchAll(/iov_base="((?:[^"\\]|\\.)*)"/g)) {
    strings.push(
      quoted.startsWith('\\x') ? Buffer.from(quoted.replaceAll('\\x', ''), 'hex') : Buffer.from(quoted, 'latin1'),
    )
  }
  return strings
}
