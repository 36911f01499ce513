// Prometheus' text format: families of samples as plain data, and their text.
//
// Pure. Label values may be clients' words: they are escaped.
import { bucketEndMicros, type Distribution } from './histograms.ts'

export type Labels = Readonly<Record<string, string | number>>

export interface Family {
  /** Without the prefix that all of ours have. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** What follows the family's name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
  readonly labels?: Labels
  readonly value: number
}

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const PREFIX = 'millrace_'
const MICROS_PER_SECOND = 1e6

export function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'counter', samples }
}

export function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}

/** In seconds. Those that saw nothing yet are left out. */
export function histogram(
  name: string,
  help: string,
  distributions: readonly (Distribution & { readonly labels?: Labels })[],
): Family {
  return { name, help, type: 'histogram', samples: distributions.flatMap(samplesOf) }
}

export function render(families: readonly Family[]): string {
  return families.map(renderFamily).join('')
}

function renderFamily({ name, help, type, samples }: Family): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ suffix = '', labels = {}, value }) => {
    return `${PREFIX}${name}${suffix}${renderLabels(labels)} ${renderNumber(value)}\n`
  })
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${lines.join('')}`
}

function samplesOf({ counts, sumMicros, labels = {} }: Distribution & { readonly labels?: Labels }): Sample[] {
  let count = 0
  const buckets = Array.from(counts, (own, bucket): Sample => {
    count += own
    const le = renderNumber(bucketEndMicros(bucket) / MICROS_PER_SECOND)
    return { suffix: '_bucket', labels: { ...labels, le }, value: count }
  })
  if (count === 0) return []
  const sum = { suffix: '_sum', labels, value: sumMicros / MICROS_PER_SECOND }
  return [...buckets, sum, { suffix: '_count', labels, value: count }]
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function renderNumber(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value)
}
