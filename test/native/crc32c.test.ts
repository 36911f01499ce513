import { describe, expect, test } from 'vitest'
import { loadAddon } from '../../src/native/load.ts'
import { crc32c as standIn } from '../../src/native/stand-in/crc32c.ts'
import { seededRandom } from './seeded.ts'

/** The definition, a bit at a time. */
function bitwise(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let crc = ~seed
  for (let at = offset; at < offset + length; at++) {
    crc ^= bytes[at]!
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

const addon = loadAddon()
const implementations = { hardware: addon.crc32c, software: addon.crc32cSoftware, 'stand-in': standIn }

describe.each(Object.entries(implementations))('crc32c, %s', (_name, crc32c) => {
  test('RFC 3720, B.4', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, index) => index)
    const command = new Uint8Array(48)
    command.set([0x01, 0xc0], 0)
    command.set([0x14], 16)
    command.set([0x04], 22)
    command.set([0x14], 27)
    command.set([0x18], 31)
    command.set([0x28], 32)
    command.set([0x02], 40)
    expect(crc32c(new Uint8Array(32), 0, 32, 0)).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff), 0, 32, 0)).toBe(0x62a8ab43)
    expect(crc32c(ascending, 0, 32, 0)).toBe(0x46dd794e)
    expect(crc32c(ascending.toReversed(), 0, 32, 0)).toBe(0x113fdb5c)
    expect(crc32c(command, 0, 48, 0)).toBe(0xd9963a56)
    expect(crc32c(new TextEncoder().encode('123456789'), 0, 9, 0)).toBe(0xe3069283)
  })

  test('every length 0..300 at every alignment, and long ones', () => {
    const random = seededRandom(20260101)
    const bytes = Uint8Array.from({ length: 20_000 }, () => random(256))
    for (let length = 0; length <= 300; length++) {
      for (let offset = 0; offset < 16; offset++) {
        const seed = random(2 ** 32)
        expect(crc32c(bytes, offset, length, seed), `${offset}+${length}`).toBe(bitwise(bytes, offset, length, seed))
      }
    }
    for (let round = 0; round < 50; round++) {
      const offset = random(64)
      const length = random(bytes.length - offset)
      expect(crc32c(bytes, offset, length, 0), `${offset}+${length}`).toBe(bitwise(bytes, offset, length, 0))
    }
  })

  test('goes on from where an earlier part ended', () => {
    const random = seededRandom(7)
    const bytes = Uint8Array.from({ length: 3000 }, () => random(256))
    const whole = crc32c(bytes, 0, 3000, 0)
    for (const cut of [0, 1, 63, 64, 127, 128, 129, 1500, 2999, 3000]) {
      expect(crc32c(bytes, cut, 3000 - cut, crc32c(bytes, 0, cut, 0))).toBe(whole)
    }
  })

  test('refuses what lies outside', () => {
    const bytes = new Uint8Array(10)
    expect(crc32c(bytes, 10, 0, 5)).toBe(5)
    for (const [offset, length] of [
      [0, 11],
      [11, 0],
      [-1, 2],
      [1, -1],
      [5, 2 ** 53 - 1],
      [2 ** 53 - 1, 5],
    ] as const) {
      expect(() => crc32c(bytes, offset, length, 0)).toThrow(RangeError)
    }
  })
})

test('reads shared memory', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(9))
  bytes.set(new TextEncoder().encode('123456789'))
  expect(addon.crc32c(bytes, 0, 9, 0)).toBe(0xe3069283)
})

test('refuses what is not bytes', () => {
  expect(() => addon.crc32c([1, 2] as never, 0, 2, 0)).toThrow(TypeError)
  expect(() => addon.crc32c(new Int32Array(2) as never, 0, 2, 0)).toThrow(TypeError)
})
