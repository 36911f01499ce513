// 64-bit integers as two 32-bit words, exact within ±2^53: what crosses typed arrays without BigInt.

export const TWO_TO_32 = 4294967296

export function lowWord(value: number): number {
  return value | 0
}

export function highWord(value: number): number {
  return Math.floor(value / TWO_TO_32)
}

/** Words as they stand in an Int32Array; beyond ±2^53 the nearest double, which stays out of range. */
export function fromWords(low: number, high: number): number {
  return high * TWO_TO_32 + (low >>> 0)
}
