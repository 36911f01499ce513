// What several rows make of a load's result and of the CPU that was charged meanwhile.
export const GB = 1e9
export const MILLION = 1e6
/** A trillion a day. */
export const TRILLION_A_DAY_MILLIONS_A_SECOND = 11.6

export function produceValues(load, cpu) {
  const gigabytes = load.bytes / GB
  return {
    throughput: load.bytes / MILLION / load.seconds,
    cpuPerGb: cpu.charged / gigabytes,
    processCpuPerGb: cpu.process / gigabytes,
    p99: load.latencyMs.p99,
  }
}

export function requestValues(load, cpu) {
  return {
    requests: load.requests / load.seconds,
    cpuPerRequest: (cpu.charged * 1e6) / load.requests,
    processCpuPerRequest: (cpu.process * 1e6) / load.requests,
    p50: load.latencyMs.p50,
    p99: load.latencyMs.p99,
  }
}
