import { expect, test } from 'vitest'
import { isUuid, METADATA_TOPIC_ID, randomUuid, uuidFromBytes, ZERO_UUID } from '../../src/model/uuid.ts'

test('bytes become the same text as any base64url encoder makes', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => (seed * 97 + i * 31 * seed) & 255)
    expect(uuidFromBytes(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
  }
  expect(uuidFromBytes(new Uint8Array(16))).toBe(ZERO_UUID)
  expect(uuidFromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))).toBe(METADATA_TOPIC_ID)
})

test('a random id is version 4 and never begins with a dash', () => {
  const draws = [0xfb, 0x10]
  const id = randomUuid((count) => new Uint8Array(count).fill(draws.shift()!))
  expect(draws).toEqual([])
  const bytes = Buffer.from(id, 'base64url')
  expect([bytes[6]! >> 4, bytes[8]! >> 6]).toEqual([4, 2])
  expect(isUuid(id)).toBe(true)
})

test('only the canonical form is an id', () => {
  expect(isUuid('AAAAAAAAAAAAAAAAAAAAAR')).toBe(false)
  expect(isUuid('AAAAAAAAAAAAAAAAAAAAA')).toBe(false)
  expect(isUuid('AAAAAAAAAAAA+AAAAAAAAA')).toBe(false)
})
