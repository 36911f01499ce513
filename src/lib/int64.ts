// 64-bit integers as JS numbers, without BigInt: exact between -2^53 and 2^53, the nearest double beyond. Who needs a field
// to be exact asks Number.isSafeInteger before using it: one from the wire or the disk may be anything.
//
// Three forms: a big-endian field of a DataView, as the protocol has it, a little-endian one, as our own files have it, and
// a pair of words of an Int32Array, low word first, as our own tables have it.

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

/** As our own files have it. */
export function getInt64Little(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true)
}

export function setInt64Little(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true)
  view.setInt32(at + 4, Math.min(Math.floor(value / TWO_32), 0x7fffffff), true)
}

export function lowWord(value: number): number {
  return value | 0
}

export function highWord(value: number): number {
  return Math.floor(value / TWO_32)
}

export function fromWords(low: number, high: number): number {
  return high * TWO_32 + (low >>> 0)
}
