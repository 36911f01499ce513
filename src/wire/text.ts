// UTF-8 to strings and back, over shared memory, which TextDecoder and TextEncoder may refuse. Malformed bytes become
// U+FFFD and a byte order mark stays, both as in Java.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const SCRATCH_BYTES = 1024
const scratch = new Uint8Array(SCRATCH_BYTES)

/** Up to here joining characters by hand beats a call into the decoder. */
const SHORT_BYTES = 24

export function decodeText(bytes: Uint8Array, offset: number, length: number): string {
  if (length <= SHORT_BYTES) {
    let text = ''
    let i = 0
    for (; i < length; i++) {
      const code = bytes[offset + i]!
      if (code >= 0x80) break
      text += String.fromCharCode(code)
    }
    if (i === length) return text
  }
  const copy = length <= SCRATCH_BYTES ? scratch : new Uint8Array(length)
  copy.set(bytes.subarray(offset, offset + length))
  return decoder.decode(copy.subarray(0, length))
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}
