// The results of a run, to read.

export function isOk({ error, codecs, groups }) {
  if (error !== undefined) return false
  return Object.values(codecs).every((found) => found === 'ok') && Object.values(groups).every(({ ok }) => ok)
}

/** The table, with what was run. */
export function report(results, broker) {
  const corpus =
    'A corpus of 4 MB, a message a line, goes into six partitions with each codec and comes back whole, in order.'
  const group =
    'Three consumers join one after the other, one leaves in good order, one is killed with kill -9; all partitions are ' +
    'owned all along, every message is consumed, and the committed offsets, as kafka-consumer-groups tells them, are the ' +
    'ends of the partitions.'
  return `# Clients against ${broker}\n\n\`npm run clients\`. ${corpus}\n${group}\n\n${table(results)}`
}

export function table(results) {
  const rows = results.map(({ client, version, runtime, codecs, groups, error }) => [
    client,
    version,
    runtime,
    error !== undefined ? 'failed' : listed(codecs, (found) => found === 'ok'),
    error !== undefined ? 'failed' : listed(groups, ({ ok }) => ok),
  ])
  const head = ['client', 'version', 'runtime', 'corpus there and back', 'group of three']
  return `${[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`
}

/** What is ok; what is not, after it. */
function listed(found, isFine) {
  const names = Object.keys(found)
  const fine = names.filter((name) => isFine(found[name]))
  const bad = names.filter((name) => !isFine(found[name]))
  return [fine.join(', '), bad.length === 0 ? '' : `**not** ${bad.join(', ')}`].filter((each) => each !== '').join('; ')
}
