// The load generator as the rows use it: its options in, of its JSON what they read.
import { runLoad as run } from '../load/generator.mjs'

/** Of a run that ends by bytes. */
const SECONDS_MAX = 900
const NS_A_MS = 1e6

/**
 * Resolves to { seconds, requests, records, bytes, cpuSeconds, latencyMs, latency, checksum }: of what was fetched, if
 * anything was, else of what was produced; latencies end to end, if that was measured.
 */
export async function runLoad(server, mode, options) {
  const result = await run({ mode, bootstrap: server.servers[0], seconds: SECONDS_MAX, ...options })
  const { requests, records, bytes, latency: ofHalf } = result.fetched ?? result.produced
  const latency = result.endToEnd ?? ofHalf
  return {
    seconds: result.seconds,
    requests,
    records,
    bytes,
    cpuSeconds: result.cpu.userSeconds + result.cpu.systemSeconds,
    latencyMs: {
      p50: latency.p50Ns / NS_A_MS,
      p99: latency.p99Ns / NS_A_MS,
      p999: latency.p999Ns / NS_A_MS,
      max: latency.maxNs / NS_A_MS,
    },
    /** [nanoseconds, count]. */
    buckets: latency.histogram,
    checksum: (result.verify?.read ?? result.verify?.written)?.checksum,
  }
}
