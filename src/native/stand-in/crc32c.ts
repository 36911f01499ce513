// CRC-32C by tables, eight bytes a step: the stand-in's checksum.

const polynomial = 0x82f63b78

/** `tables[k * 256 + b]`: what byte b does to the checksum when k more bytes follow it. */
const tables = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0)
  tables[byte] = value
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256]!
  tables[at] = (before >>> 8) ^ tables[before & 0xff]!
}

/** CRC-32C of `bytes[offset, offset + length)`, going on from `seed`. */
export function crc32c(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) throw new RangeError('crc32c: outside of bytes')
  const end = offset + length
  let crc = ~seed
  let at = offset
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      tables[0x700 | (low & 0xff)]! ^
      tables[0x600 | ((low >>> 8) & 0xff)]! ^
      tables[0x500 | ((low >>> 16) & 0xff)]! ^
      tables[0x400 | (low >>> 24)]! ^
      tables[0x300 | bytes[at + 4]!]! ^
      tables[0x200 | bytes[at + 5]!]! ^
      tables[0x100 | bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
