import { expect, test } from 'vitest'
import { InternTable, nameTable, uuidTable } from '../../src/wire/intern.ts'
import { Random } from './support/random.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const viewOf = (text: string): DataView => new DataView(bytesOf(text).buffer)

test('a table knows what was added, not what was removed', () => {
  const names = nameTable(1000)
  const known = new Set<string>()
  const random = new Random(7)
  for (let i = 0; i < 20_000; i++) {
    const name = `topic-${random.below(1500)}`
    if (random.chance(2)) {
      const fits = known.has(name) || known.size < 1000
      expect(names.add(name)).toBe(fits)
      if (fits) known.add(name)
    } else {
      names.remove(name)
      known.delete(name)
    }
  }
  expect(names.count).toBe(known.size)
  for (let i = 0; i < 1500; i++) {
    const name = `topic-${i}`
    expect(names.lookUp(viewOf(`..${name}..`), 2, name.length)).toBe(known.has(name) ? name : undefined)
    expect(names.keyOf(name)?.byteLength).toBe(known.has(name) ? name.length : undefined)
  }
})

test('removal closes the gap in a chain of collisions', () => {
  // Bytes of one length that hash alike can't be found by hand; a table this small makes chains of any.
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed)
    const names = nameTable(4)
    const all = ['a', 'b', 'c', 'd']
    for (const name of all) names.add(name)
    const gone = all.splice(random.below(4), 1)[0]!
    names.remove(gone)
    expect(names.lookUp(viewOf(gone), 0, 1)).toBe(undefined)
    for (const name of all) expect(names.lookUp(viewOf(name), 0, 1), `seed ${seed}`).toBe(name)
  }
})

test('prefixes, the empty name and a table of nothing', () => {
  const names = nameTable(4)
  names.add('order')
  names.add('')
  expect(names.lookUp(viewOf('orders'), 0, 6)).toBe(undefined)
  expect(names.lookUp(viewOf('orders'), 0, 5)).toBe('order')
  expect(names.lookUp(viewOf('orders'), 3, 0)).toBe('')
  const none = new InternTable(0, bytesOf)
  expect(none.add('a')).toBe(false)
  expect(none.lookUp(viewOf('a'), 0, 1)).toBe(undefined)
})

test('ids are known by their sixteen bytes', () => {
  const uuids = uuidTable(10)
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => 255 - i)
  const uuid = Buffer.from(bytes).toString('base64url')
  uuids.add(uuid)
  expect(uuids.lookUp(new DataView(bytes.buffer), 0, 16)).toBe(uuid)
  uuids.remove(uuid)
  expect(uuids.lookUp(new DataView(bytes.buffer), 0, 16)).toBe(undefined)
})
