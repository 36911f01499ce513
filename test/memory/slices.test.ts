import { expect, test } from 'vitest'
import { Arena, ArenaView, createArenaMemory } from '../../src/memory/arena.ts'
import { createDescriptorHoldsMemory, DescriptorHolds } from '../../src/memory/descriptor-holds.ts'
import {
  releaseSlices,
  SLICE_FILE,
  SLICE_MEMORY,
  SLICE_ROW_WORDS,
  SliceTables,
  sliceLength,
} from '../../src/memory/slices.ts'

const BLOCK = 4096

function world() {
  const memories = [0, 1].map(() => createArenaMemory(4 * BLOCK, BLOCK))
  const own = new Arena(memories[0]!)
  const other = new Arena(memories[1]!)
  const holds = new DescriptorHolds(createDescriptorHoldsMemory(1, 8))
  const arenas = [own, new ArenaView(memories[1]!)]
  // As the thread of the other arena sees it.
  const mirrored = [new ArenaView(memories[0]!), other]
  return { own, other, holds, arenas, mirrored, tables: new SliceTables(own, arenas, holds) }
}

test('a table holds what it points to until it is released, on whichever thread', () => {
  const { own, other, holds, mirrored, tables } = world()
  const batch = other.blockOf(other.allocate(100))
  expect(tables.begin(4)).toBe(true)
  tables.addMemory(1, 0, 60, batch)
  tables.addMemory(1, 60, 40, batch)
  tables.addMemory(1, 200, 10, batch)
  tables.addFile(17, 3, 2 ** 33 + 5, 1000)
  tables.end()
  expect([tables.count, tables.byteLength]).toEqual([3, 1110])
  const row = tables.offset >> 2
  expect([...own.words.subarray(row, row + 3 * SLICE_ROW_WORDS)]).toEqual([
    ...[SLICE_MEMORY, 1, 0, 100, batch, 0],
    ...[SLICE_MEMORY, 1, 200, 10, batch, 0],
    ...[SLICE_FILE, 17, 5, 2, 1000, 3],
  ])
  expect([0, 1, 2].map((i) => sliceLength(own.words, row + i * SLICE_ROW_WORDS))).toEqual([100, 10, 1000])
  other.release(batch)
  expect([other.heldBytes(), holds.isHeld(3)]).toEqual([BLOCK, true])
  releaseSlices(mirrored, holds, 0, tables.offset, tables.count)
  expect([other.heldBytes(), holds.isHeld(3)]).toEqual([0, false])
})

test('a full table block is given up, and free once its tables are released', () => {
  const { own, holds, arenas, tables } = world()
  const out: [number, number][] = []
  const rows = BLOCK / 24 - 1
  for (let i = 0; i < 3; i++) {
    expect(tables.begin(rows)).toBe(true)
    for (let j = 0; j < rows; j++) tables.addFile(1, 0, 0, 1)
    tables.end()
    out.push([tables.offset, tables.count])
  }
  expect(own.heldBytes()).toBe(3 * BLOCK)
  own.allocate(BLOCK)
  expect(tables.begin(rows)).toBe(false)
  for (const [offset, count] of out) releaseSlices(arenas, holds, 0, offset, count)
  // The block that is written now, and the one taken here.
  expect(own.heldBytes()).toBe(2 * BLOCK)
  expect(holds.isHeld(0)).toBe(false)
})

test('an empty table holds nothing', () => {
  const { own, tables } = world()
  tables.begin(2)
  tables.end()
  expect(tables.count).toBe(0)
  expect(own.holders[0]).toBe(1)
})
