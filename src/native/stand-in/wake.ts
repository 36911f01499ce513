// How the stand-in's parts have their shard's tick called: the stand-in has no doorbell, and all of it lives in one
// thread. What completes calls `wake`; the reactor listens.

type Listener = () => void

const listeners = new Set<Listener>()

/** Returns what ends the listening. */
export function onWake(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function wake(): void {
  for (const listener of listeners) listener()
}
