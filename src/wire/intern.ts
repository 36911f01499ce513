// Known names by their bytes, so that a topic's name or id on the wire becomes the one string we already have, and their
// bytes by name for the way back. Owned by one thread. It learns only from `add`: clients can't fill it. A look-up
// allocates nothing.
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
  private readonly keys: (DataView | undefined)[]
  private readonly texts: string[]
  private readonly keyByText = new Map<string, DataView>()

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
    const key = viewOf(this.encode(text))
    const hash = hashOf(key, 0, key.byteLength)
    const slot = this.find(hash, key, 0, key.byteLength)
    if (this.keys[slot] !== undefined) return true
    if (this.count === this.countMax) return false
    this.put(slot, hash, key, text)
    this.keyByText.set(text, key)
    this.count++
    return true
  }

  remove(text: string): void {
    const key = viewOf(this.encode(text))
    let hole = this.find(hashOf(key, 0, key.byteLength), key, 0, key.byteLength)
    if (this.keys[hole] === undefined) return
    this.count--
    this.keyByText.delete(text)
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
  lookUp(view: DataView, offset: number, length: number): string | undefined {
    if (this.count === 0) return undefined
    const slot = this.find(hashOf(view, offset, length), view, offset, length)
    return this.keys[slot] === undefined ? undefined : this.texts[slot]
  }

  /** The bytes of a string that was added, or undefined. */
  keyOf(text: string): DataView | undefined {
    return this.keyByText.get(text)
  }

  /** The slot of that key, or the free slot where it would go. */
  private find(hash: number, view: DataView, offset: number, length: number): number {
    let slot = hash & this.mask
    for (;;) {
      const key = this.keys[slot]
      if (key === undefined) return slot
      if (this.hashes[slot] === hash && same(key, view, offset, length)) return slot
      slot = (slot + 1) & this.mask
    }
  }

  private put(slot: number, hash: number, key: DataView, text: string): void {
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

export const noNames = nameTable(0)
export const noUuids = uuidTable(0)

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Four bytes at a time. */
function hashOf(view: DataView, offset: number, length: number): number {
  const end = offset + length
  let hash = length
  let at = offset
  for (; at + 4 <= end; at += 4) hash = mix(hash, view.getInt32(at))
  for (; at < end; at++) hash = mix(hash, view.getInt8(at))
  return hash ^ (hash >>> 15)
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 13)
}

function same(key: DataView, view: DataView, offset: number, length: number): boolean {
  if (key.byteLength !== length) return false
  let i = 0
  for (; i + 4 <= length; i += 4) if (key.getInt32(i) !== view.getInt32(offset + i)) return false
  for (; i < length; i++) if (key.getInt8(i) !== view.getInt8(offset + i)) return false
  return true
}
