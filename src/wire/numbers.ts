// 64-bit integers as JS numbers: exact between -2^53 and 2^53, the nearest double beyond. Who needs a field to be exact
// asks Number.isSafeInteger before using it: one from the wire may be anything.

export const TWO_32 = 4294967296

export function getInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
}

/**
 * Java's largest long is not a double and reads as 2^63. That and more is written with the largest high word there is: a
 * little less than it was, but never negative. (The low word is taken modulo 2^32 by `setUint32` itself.)
 */
export function setInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.min(Math.floor(value / TWO_32), 0x7fffffff))
  view.setUint32(at + 4, value)
}
