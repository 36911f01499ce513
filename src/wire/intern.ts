// Known names by their bytes, so that a topic's name or id on the wire becomes the one string we already have. Owned by
// one thread. It learns only from `add`: clients can't fill it. A look-up allocates nothing.
//
// Invariant: at most half of the slots are taken, and an entry lies in the first free slot from its hash on.

import { assert } from '../lib/assert.ts'
import { encodeText } from './text.ts'
import { setUuid, UUID_BYTES } from './uuid.ts'

export class InternTable {
  count = 0
  readonly countMax: number
  private readonly encode: (text: string) => Uint8Array
  private readonly mask: number
  private readonly hashes: Int32Array
  private readonly keys: (Uint8Array | undefined)[]
  private readonly texts: string[]

  constructor(countMax: number, encode: (text: string) => Uint8Array) {
    assert(countMax >= 0 && countMax <= 1 << 24, 'an intern table is bounded')
    this.countMax = countMax
    this.encode = encode
    let slots = 2
    while (slots < countMax * 2) slots *= 2
    this.mask = slots - 1
    this.hashes = new Int32Array(slots)
    this.keys = new Array(slots).fill(undefined)
    this.texts = new Array(slots).fill('')
  }

  /** False when the table is full: the name then decodes anew each time. */
  add(text: string): boolean {
    const key = this.encode(text)
    const hash = hashOf(key, 0, key.length)
    const slot = this.find(hash, key, 0, key.length)
    if (this.keys[slot] !== undefined) return true
    if (this.count === this.countMax) return false
    this.put(slot, hash, key, text)
    this.count++
    return true
  }

  remove(text: string): void {
    const key = this.encode(text)
    let hole = this.find(hashOf(key, 0, key.length), key, 0, key.length)
    if (this.keys[hole] === undefined) return
    this.count--
    // What was pushed past the hole moves back into it, so that look-ups may go on stopping at a free slot.
    for (let slot = (hole + 1) & this.mask; this.keys[slot] !== undefined; slot = (slot + 1) & this.mask) {
      const home = this.hashes[slot]! & this.mask
      if (((slot - home) & this.mask) < ((slot - hole) & this.mask)) continue
      this.put(hole, this.hashes[slot]!, this.keys[slot]!, this.texts[slot]!)
      hole = slot
    }
    this.keys[hole] = undefined
    this.texts[hole] = ''
  }

  /** The string that was added for these bytes, or undefined. */
  lookUp(bytes: Uint8Array, offset: number, length: number): string | undefined {
    if (this.count === 0) return undefined
    const slot = this.find(hashOf(bytes, offset, length), bytes, offset, length)
    return this.keys[slot] === undefined ? undefined : this.texts[slot]
  }

  /** The slot of that key, or the free slot where it would go. */
  private find(hash: number, bytes: Uint8Array, offset: number, length: number): number {
    let slot = hash & this.mask
    for (;;) {
      const key = this.keys[slot]
      if (key === undefined) return slot
      if (this.hashes[slot] === hash && same(key, bytes, offset, length)) return slot
      slot = (slot + 1) & this.mask
    }
  }

  private put(slot: number, hash: number, key: Uint8Array, text: string): void {
    this.hashes[slot] = hash
    this.keys[slot] = key
    this.texts[slot] = text
  }
}

/** Topic names, client ids, racks. */
export function nameTable(countMax: number): InternTable {
  return new InternTable(countMax, encodeText)
}

export function uuidTable(countMax: number): InternTable {
  return new InternTable(countMax, (uuid) => {
    const bytes = new Uint8Array(UUID_BYTES)
    setUuid(bytes, 0, uuid)
    return bytes
  })
}

function hashOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = length
  for (let i = offset; i < offset + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return (hash ^ (hash >>> 15)) | 0
}

function same(key: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (key.length !== length) return false
  for (let i = 0; i < length; i++) if (key[i] !== bytes[offset + i]) return false
  return true
}
