// What one connection, and all of a shard's together, may make the shard hold. Plain numbers, from the settings.
import { LIMITS } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'

/** As if there was none: 24 days. */
const FOREVER_MS = 2 ** 31 - 1
/** The share of the output limit above which a connection is not read until its answers have left. */
const HIGH_PART = 16

export interface ConnectionLimits {
  frameBytesMax: number
  requestsMax: number
  requestBytesMax: number
  shardRequestBytesMax: number
  outputBytesMax: number
  outputBytesHigh: number
  firstFrameBytesMax: number
  firstFrameMs: number
  progressMs: number
  idleMs: number
}

export function connectionLimits(settings: Settings): ConnectionLimits {
  const idleMs = settings['connections.max.idle.ms']
  const outputBytesMax = settings['millrace.connection.output.bytes.max']
  return {
    frameBytesMax: settings['socket.request.max.bytes'],
    requestsMax: settings['millrace.connection.requests.max'],
    requestBytesMax: settings['millrace.connection.request.bytes.max'],
    shardRequestBytesMax: settings['millrace.shard.request.bytes.max'],
    outputBytesMax,
    outputBytesHigh: Math.floor(outputBytesMax / HIGH_PART),
    firstFrameBytesMax: LIMITS.firstFrameBytesMax,
    firstFrameMs: settings['millrace.first.request.timeout.ms'],
    progressMs: settings['millrace.request.progress.timeout.ms'],
    // Kafka takes a negative one for none.
    idleMs: idleMs < 0 ? FOREVER_MS : Math.min(idleMs, FOREVER_MS),
  }
}
