// Uuids between their 16 bytes and their 22 characters, where they lie in an arena. Hot: reading the zero uuid and
// writing any allocates nothing.

import { assert } from '../lib/assert.ts'
import { ZERO_UUID } from '../model/uuid.ts'

export const UUID_BYTES = 16
const UUID_CHARACTERS = 22

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const codeOf = Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
const sextetOf = new Int8Array(128).fill(-1)
for (let i = 0; i < codeOf.length; i++) sextetOf[codeOf[i]!] = i

const codes: number[] = new Array(UUID_CHARACTERS).fill(0)

export function getUuid(bytes: Uint8Array, at: number): string {
  let any = 0
  for (let i = 0; i < UUID_BYTES; i++) any |= bytes[at + i]!
  if (any === 0) return ZERO_UUID
  let out = 0
  for (let i = 0; i < 15; i += 3) {
    const bits = (bytes[at + i]! << 16) | (bytes[at + i + 1]! << 8) | bytes[at + i + 2]!
    codes[out++] = codeOf[bits >>> 18]!
    codes[out++] = codeOf[(bits >>> 12) & 63]!
    codes[out++] = codeOf[(bits >>> 6) & 63]!
    codes[out++] = codeOf[bits & 63]!
  }
  const last = bytes[at + 15]!
  codes[out++] = codeOf[last >>> 2]!
  codes[out++] = codeOf[(last & 3) << 4]!
  return String.fromCharCode.apply(null, codes)
}

export function setUuid(bytes: Uint8Array, at: number, uuid: string): void {
  assert(uuid.length === UUID_CHARACTERS, 'a uuid has 22 characters')
  let out = at
  let all = 0
  for (let i = 0; i < 20; i += 4) {
    const bits =
      (sextet(uuid, i) << 18) | (sextet(uuid, i + 1) << 12) | (sextet(uuid, i + 2) << 6) | sextet(uuid, i + 3)
    all |= bits
    bytes[out++] = bits >>> 16
    bytes[out++] = bits >>> 8
    bytes[out++] = bits
  }
  const last = (sextet(uuid, 20) << 6) | sextet(uuid, 21)
  bytes[out] = last >>> 4
  assert((all | last) >= 0, 'a uuid is written in base64url')
}

/** -1 for a character that is none: it stays negative however it is shifted into place. */
function sextet(uuid: string, i: number): number {
  const code = uuid.charCodeAt(i)
  return code < 128 ? sextetOf[code]! : -1
}
