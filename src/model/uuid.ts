// Kafka's form of a UUID: 16 bytes as 22 characters of base64url without padding. Kept as a string everywhere, since it
// is compared and looked up, never computed with. Pure: randomness comes in as bytes.

export type Uuid = string

/** All zeros: "no id" on the wire. */
export const ZERO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'
/** The id of `__cluster_metadata`, reserved by KRaft. */
export const METADATA_TOPIC_ID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function uuidFromBytes(bytes: Uint8Array): Uuid {
  let text = ''
  for (let at = 0; at < 15; at += 3) {
    const word = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    text += ALPHABET[word >>> 18]! + ALPHABET[(word >>> 12) & 63]! + ALPHABET[(word >>> 6) & 63]! + ALPHABET[word & 63]!
  }
  return text + ALPHABET[bytes[15]! >>> 2]! + ALPHABET[(bytes[15]! & 3) << 4]!
}

/**
 * A version 4 UUID (so never one of Kafka's reserved ids, whose first bytes are zero), and none that begins with a dash,
 * which command lines take for an option.
 */
export function randomUuid(randomBytes: (count: number) => Uint8Array): Uuid {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const text = uuidFromBytes(bytes)
    if (!text.startsWith('-')) return text
  }
}

/** Whether `text` is the canonical form of some UUID: 22 characters, the last with its four unused bits zero. */
export function isUuid(text: string): boolean {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text)
}
