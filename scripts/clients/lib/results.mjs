// The results of a run as a table.

export function isOk({ error, codecs, groups }) {
  if (error !== undefined) return false
  return Object.values(codecs).every((found) => found === 'ok') && Object.values(groups).every(({ ok }) => ok)
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
