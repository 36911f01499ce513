// How long a connection may keep us waiting: native/vigil.h in TypeScript. Time is counted in sweeps: when the process
// stands still, so does it.
import type { ReactorTables } from '../contract.ts'
import type { FrameInput } from './frame-input.ts'

const PROGRESS_BYTES_MIN = 4096
const PROGRESS_PARTS = 64
export const SWEEP_MS = 1000

/** What is known of one connection. */
export class Watched {
  readonly addedMs: number
  /** When bytes last came or left. */
  activeMs: number
  /** When bytes last left. */
  leftMs: number
  /** Since when the frame that is begun is timed; Infinity for none. */
  markedMs = Number.POSITIVE_INFINITY
  markedFrame = 0
  markedBytes = 0
  isTrusted = false

  constructor(nowMs: number) {
    this.addedMs = nowMs
    this.activeMs = nowMs
    this.leftMs = nowMs
  }

  onLeft(nowMs: number): void {
    this.activeMs = nowMs
    this.leftMs = nowMs
  }
}

export type Verdict = 'well' | 'no-request' | 'slow-frame' | 'idle'

export function judge(
  watched: Watched,
  input: FrameInput,
  { firstFrameMs, progressMs, idleMs }: Pick<ReactorTables, 'firstFrameMs' | 'progressMs' | 'idleMs'>,
  { nowMs, isRead, isShort }: { nowMs: number; isRead: boolean; isShort: boolean },
): Verdict {
  if (!watched.isTrusted && isRead && nowMs >= watched.addedMs + firstFrameMs) return 'no-request'
  if (!isRead || !input.isBegun) watched.markedMs = Number.POSITIVE_INFINITY
  else {
    const interval = isShort ? Math.min(progressMs, SWEEP_MS) : progressMs
    const isMarked = watched.markedMs !== Number.POSITIVE_INFINITY && watched.markedFrame === input.frames
    if (!isMarked || nowMs >= watched.markedMs + interval) {
      const progressMin = Math.max(PROGRESS_BYTES_MIN, Math.floor(input.length / PROGRESS_PARTS))
      if (isMarked && input.filled - watched.markedBytes < progressMin) return 'slow-frame'
      watched.markedMs = nowMs
      watched.markedFrame = input.frames
      watched.markedBytes = input.filled
    }
  }
  if (nowMs < watched.activeMs + idleMs) return 'well'
  watched.activeMs = nowMs
  return 'idle'
}
