// CRC-32C a bit at a time: what the batch tests hold the golden checksums against, without the add-on.

export function crc32c(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let crc = ~seed
  for (let i = offset; i < offset + length; i++) {
    crc ^= bytes[i]!
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}
