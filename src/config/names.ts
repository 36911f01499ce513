// Which key was meant: the nearest known name to one that is not known.
//
// Pure.

/**
 * The known name that `key` is most likely a slip of, or undefined if none is near. Near is: the same but for case and
 * for `_` or `-` in place of dots; a topic's name of a broker's setting (`log.` left out); or a few typing errors.
 */
export function likelyMeant(key: string, knownNames: Iterable<string>): string | undefined {
  const written = plain(key)
  let nearest: string | undefined
  let least = slipsAllowed(written) + 1
  for (const name of knownNames) {
    const known = plain(name)
    if (known === written || known === `log.${written}`) return name
    if (Math.abs(known.length - written.length) >= least) continue
    const slips = editDistance(written, known)
    if (slips < least) {
      nearest = name
      least = slips
    }
  }
  return nearest
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '.')
}

function slipsAllowed(name: string): number {
  return name.length < 8 ? 1 : name.length < 16 ? 2 : 3
}

/** How many insertions, deletions, replacements and swaps of neighbours lead from one text to the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      let least = Math.min(replaced, last[column]! + 1, current[column - 1]! + 1)
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1)
      current.push(least)
    }
    beforeLast = last
    last = current
  }
  return last[to.length]!
}
