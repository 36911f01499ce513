/** A broken invariant: always on, never caught on purpose. Refusals are values, not assertions. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(invariant)
}

export class AssertionError extends Error {
  override name = 'AssertionError'
}
