// CRC-32C, bit by bit from its polynomial: slow, and independent of the add-on's.
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export function crc32c(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let crc = ~seed >>> 0
  for (let at = offset; at < offset + length; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}
