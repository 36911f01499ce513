// 64-bit integers as JS numbers: exact between -2^53 and 2^53, the nearest double beyond. Who needs a field to be exact
// asks Number.isSafeInteger before using it: one from the wire may be anything.

const TWO_32 = 4294967296
const TWO_63 = 2 ** 63

export function getInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
}

/** Java's largest long is not a double: 2^63, which it reads as, is written back as that largest long. */
export function setInt64(view: DataView, at: number, value: number): void {
  if (value >= TWO_63) {
    view.setInt32(at, 0x7fffffff)
    view.setInt32(at + 4, -1)
    return
  }
  const high = Math.floor(value / TWO_32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * TWO_32)
}
