// What tests use of generator.mjs.
export interface Latency {
  readonly count: number
  readonly minNs: number
  readonly meanNs: number
  readonly p50Ns: number
  readonly p90Ns: number
  readonly p99Ns: number
  readonly p999Ns: number
  readonly p9999Ns: number
  readonly maxNs: number
  /** Greatest value of a bucket, count. */
  readonly histogram: readonly (readonly [number, number])[]
}
export interface Half {
  readonly requests: number
  readonly batches: number
  readonly records: number
  readonly bytes: number
  readonly requestsPerSecond: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  readonly throttled: number
  readonly unsent: number
  readonly latency: Latency
  readonly series: readonly { readonly records: number; readonly bytes: number }[]
}
export interface Checksum {
  readonly batches: number
  readonly records: number
  /** Sixteen hexadecimal digits. */
  readonly checksum: string
}
export interface LoadResult {
  readonly mode: string
  readonly options: Readonly<Record<string, string | number>>
  readonly versions: { readonly produce: number; readonly fetch: number }
  readonly brokers: number
  readonly partitions: number
  readonly connections: number
  readonly seconds: number
  readonly produced?: Half
  readonly fetched?: Half
  readonly endToEnd?: Latency
  readonly lateness?: Latency
  readonly errors: Readonly<Record<string, number>>
  readonly verify?: { readonly written?: Checksum; readonly read?: Checksum }
  readonly cpu: { readonly userSeconds: number; readonly systemSeconds: number }
}
export interface NullBroker {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}
type Options = Readonly<Record<string, string | number | boolean | undefined>>
export interface LoadOptions {
  readonly mode: string
  readonly onMeasuring?: () => void
  readonly [option: string]: string | number | boolean | undefined | (() => void)
}
export function runLoad(options: LoadOptions): Promise<LoadResult>
export function startNullBroker(options?: Options): Promise<NullBroker>
