// What a comparison says: on the terminal while it runs, as JSON with every sample, as Markdown, and as a picture.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plot } from './plots.mjs'
import { digits, isWithin, median, spreadText } from './statistics.mjs'

const summaryFile = fileURLToPath(new URL('../RESULTS.md', import.meta.url))
export const resultsFolder = fileURLToPath(new URL('../results', import.meta.url))

export function printSample(row, side, variant, { values, syncUs, cpu, isNoisy }) {
  const shown = Object.entries(row.measures).map(([key, { title, unit }]) => `${title} ${digits(values[key])} ${unit}`)
  const noise = isNoisy ? ` | other work took ${digits(cpu.others)} CPU-s` : ''
  console.log(`  ${variant} ${side.peer.name}: ${shown.join(', ')} | 4 KiB sync ${digits(syncUs)} µs${noise}`)
}

export function printResult(result) {
  for (const variant of result.variants) console.log(`\n${variantLines(result, variant).join('\n')}`)
}

/** Writes the row's JSON, Markdown and SVG, and the summary of all rows again. */
export async function keepResult(folder, result) {
  mkdirSync(folder, { recursive: true })
  const base = join(folder, fileName(result))
  // The runs' histograms are kept as one a side: the runs' own percentiles are in their values.
  const kept = JSON.stringify(result, (key, value) => (key === 'buckets' ? undefined : value))
  writeFileSync(`${base}.json`, `${kept}\n`)
  writeFileSync(`${base}.md`, markdownOf(result, ceilingOf(folder, result)))
  writeFileSync(`${base}.svg`, await plot(result))
  if (folder === resultsFolder) writeFileSync(summaryFile, summaryOf(folder))
}

/**
 * Holds a second run against the one that is kept: does each median lie within the first run's spread? Writes what it finds
 * beside it, and returns the lines.
 */
export function keepRepeat(folder, result) {
  const base = join(folder, fileName(result))
  const first = JSON.parse(readFileSync(`${base}.json`, 'utf8'))
  const when = ({ machine }) => `${machine.commit}, ${machine.date}`
  const lines = [
    `# Row ${result.row.number} again: ${result.row.title}`,
    '',
    `First ${when(first)}; again ${when(result)}. Median [least–greatest]; within: the second median is in the first spread.`,
    '',
    '| variant | measure | side | first | again | |',
    '|---|---|---|---|---|---|',
  ]
  for (const { variant, measures } of result.variants) {
    const before = first.variants.find((each) => each.variant === variant)
    for (const measure of measures) {
      const then = before?.measures.find(({ key }) => key === measure.key)
      if (then === undefined) continue
      for (const [side, key] of [
        [result.ours.title, 'ours'],
        [result.theirs.title, 'theirs'],
        ['times better', 'ratio'],
      ]) {
        const cells = [variant, `${measure.title} ${measure.unit}`.trim(), side, spreadText(then[key])]
        const verdict = isWithin(measure[key].median, then[key]) ? 'within' : '**outside**'
        lines.push(`| ${[...cells, spreadText(measure[key]), verdict].join(' | ')} |`)
      }
    }
  }
  lines.push('')
  writeFileSync(`${base}-again.md`, lines.join('\n'))
  return lines
}

function fileName({ row, ours, theirs }) {
  const beside = ours.chosen === theirs.chosen ? '' : `-beside-${ours.chosen}`
  return `row-${`${row.number}`.padStart(2, '0')}-${row.name}-${theirs.name}-${theirs.chosen}${beside}`
}

/** What the load generator does by itself in the mode of the row, if that was measured: `ceiling.mjs --keep`. */
function ceilingOf(folder, { row }) {
  const path = join(folder, 'ceiling.json')
  if (row.ceiling === undefined || !existsSync(path)) return null
  return JSON.parse(readFileSync(path, 'utf8')).rows.find(({ name }) => name === row.ceiling) ?? null
}

function markdownOf(result, ceiling) {
  const { row, ours, theirs, machine } = result
  const lines = [
    `# Row ${row.number}: ${row.title}`,
    '',
    `${ours.title} (${ours.chosen}) beside ${theirs.title} (${theirs.chosen}). Durability: ${row.durability}.`,
    `Target: ${row.target}. Floor: ${row.floor}.`,
    ...(ceiling === null ? [] : [ceilingText(ceiling)]),
    '',
  ]
  for (const variant of result.variants) lines.push(...variantLines(result, variant))
  lines.push(
    'Median [least–greatest] of the pairs that count; ratio: pair by pair, how many times better.',
    '',
    ...Object.entries(machine).map(([key, value]) => `- ${key}: ${value}`),
    `- ${ours.title}: \`${settingsText(ours.settings)}\``,
    `- ${theirs.title}: \`${settingsText(theirs.settings)}\``,
    '',
  )
  return lines.join('\n')
}

function ceilingText({ name, bytesPerSecond, requestsPerSecond, cpuSecondsPerGB, cpuMicrosecondsPerRequest, latency }) {
  const rates = `${digits(bytesPerSecond / 1e6)} MB/s, ${digits(requestsPerSecond)} requests/s, p50 ${digits(latency.p50Ns / 1e6)} ms`
  const own = `${digits(cpuSecondsPerGB)} CPU-s/GB or ${digits(cpuMicrosecondsPerRequest)} µs a request`
  return `The load generator by itself, before a broker that does nothing (${name}): ${rates}, for ${own} of its own.`
}

function variantLines({ ours, theirs }, { variant, shapes, pairs, best, measures }) {
  const voids = pairs.filter((pair) => pair.isVoid).length
  const noisy = pairs.filter((pair) => pair.ours.isNoisy || pair.theirs.isNoisy).length
  const syncs = pairs.flatMap((pair) => [pair.ours.syncUs, pair.theirs.syncUs])
  const facts = [
    `${pairs.length - voids} ${pairs.length - voids === 1 ? 'pair' : 'pairs'}`,
    voids > 0 ? `${voids} void, in which the peer did not come near its best of ${digits(best)}` : '',
    noisy > 0 ? `in ${noisy} other work took CPU` : '',
    `4 KiB sync before the runs ${digits(median(syncs))} µs [${digits(Math.min(...syncs))}–${digits(Math.max(...syncs))}]`,
    shapes.ours === undefined ? '' : `load ${shapeText(shapes.ours)}`,
    shapes.theirs === undefined || shapeText(shapes.theirs) === shapeText(shapes.ours)
      ? ''
      : `and ${shapeText(shapes.theirs)} for the peer`,
  ]
  return [
    `## ${variant}`,
    '',
    `${facts.filter((fact) => fact !== '').join('; ')}.`,
    '',
    `| | ${ours.title} | ${theirs.title} | times better | quartiles | target |`,
    '|---|---|---|---|---|---|',
    ...measures.map(measureLine),
    '',
  ]
}

function measureLine({ title, unit, ours, theirs, ratio, target, isMet }) {
  const wanted = [
    target?.ratio === undefined ? '' : `≥ ${target.ratio}×`,
    target?.most === undefined ? '' : `≤ ${target.most}`,
    isMet === null ? '' : isMet ? '**met**' : '**missed**',
  ]
  const cells = [
    unit === '' ? title : `${title}, ${unit}`,
    spreadText(ours),
    spreadText(theirs),
    spreadText(ratio),
    ratio.quartiles.map(digits).join('–'),
    wanted.filter((text) => text !== '').join(' '),
  ]
  return `| ${cells.join(' | ')} |`
}

function shapeText(shape) {
  return shape === undefined
    ? ''
    : Object.entries(shape)
        .map(([key, value]) => `${value} ${key}`)
        .join(' × ')
}

function settingsText(settings) {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

/** Of all that is in the folder, the measures that have a target (beside others than Kafka all); each row with the machine and commit it is of. */
function summaryOf(folder) {
  const results = readdirSync(folder)
    .filter((name) => /^row-\d+.*\.json$/.test(name))
    .sort()
    .map((name) => ({ name: name.replace('.json', ''), ...JSON.parse(readFileSync(join(folder, name), 'utf8')) }))
  const lines = [
    '# Results',
    '',
    'The latest of each row, written by `npm run bench:compare`; how and by which rules: [README.md](README.md). Median',
    '[least–greatest]; times better: pair by pair. Rows may be of different days: each names its commit and date.',
    '',
    '| row | what | peer | measure | millrace | peer | times better | target | pairs | commit, date |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ]
  for (const result of results) for (const variant of result.variants) lines.push(...summaryLines(result, variant))
  lines.push('', '## Machines and settings', '')
  for (const { name, machine, ours, theirs } of results) {
    const where = `${machine.cpu}, ${machine.memoryGb} GB, ${machine.kernel}, Node ${machine.node}, ${machine.fileSystem}`
    lines.push(`- [${name}](results/${name}.md) ([plot](results/${name}.svg)): ${where}`)
    lines.push(`  - ${ours.title}: \`${settingsText(ours.settings)}\``)
    lines.push(`  - ${theirs.title}: \`${settingsText(theirs.settings)}\``)
  }
  return `${lines.join('\n')}\n`
}

function summaryLines({ name, row, machine, ...sides }, { variant, pairs, measures }) {
  const count = pairs.filter((pair) => !pair.isVoid).length
  return measures
    .filter(({ target }) => target !== null || sides.theirs.name !== 'kafka')
    .map((measure) => {
      const [, ours, peers, ratio, , target] = measureLine(measure).slice(2, -2).split(' | ')
      const what = `[${row.title}](results/${name}.md), ${variant}`
      const cells = [row.number, what, besideText(sides), `${measure.title} ${measure.unit}`]
      return `| ${[...cells, ours, peers, ratio, target, count, `${machine.commit}, ${machine.date}`].join(' | ')} |`
    })
}

function besideText({ ours, theirs }) {
  const peer = `${theirs.title} ${theirs.chosen}`
  return ours.chosen === theirs.chosen ? peer : `${peer}, beside ${ours.chosen}`
}
