import { expect, test } from 'vitest'
import { Arena, ArenaView, createArenaMemory } from '../../src/memory/arena.ts'
import { seededRandom } from '../raft/fake-disk.ts'

const BLOCK = 4096

function arenaOf(blocks: number) {
  const memory = createArenaMemory(blocks * BLOCK, BLOCK)
  return { arena: new Arena(memory), view: new ArenaView(memory) }
}

test('the lowest free run is taken, and is free again once every holder has let go', () => {
  const { arena } = arenaOf(6)
  expect(arena.allocate(BLOCK)).toBe(0)
  expect(arena.allocate(2 * BLOCK + 1)).toBe(BLOCK)
  expect(arena.allocate(BLOCK)).toBe(4 * BLOCK)
  expect(arena.allocate(2 * BLOCK)).toBe(-1)
  arena.hold(1)
  arena.release(1)
  expect(arena.allocate(3 * BLOCK)).toBe(-1)
  arena.release(1)
  expect(arena.heldBytes()).toBe(2 * BLOCK)
  expect(arena.allocate(BLOCK)).toBe(BLOCK)
  expect(arena.allocate(2 * BLOCK)).toBe(2 * BLOCK)
})

test('neighbours that became free one by one make a run', () => {
  const { arena } = arenaOf(4)
  for (let i = 0; i < 4; i++) arena.allocate(BLOCK)
  arena.release(1)
  expect(arena.allocate(2 * BLOCK)).toBe(-1)
  arena.release(2)
  expect(arena.allocate(2 * BLOCK)).toBe(BLOCK)
})

test('a hold that was lent comes back from afar, also where it was lent on', () => {
  const { arena, view } = arenaOf(1)
  const block = arena.blockOf(arena.allocate(10))
  arena.hold(block)
  // The other thread lends its hold on, and the third gives back before it does.
  view.hold(block)
  view.release(block)
  arena.release(block)
  expect(arena.allocate(10)).toBe(-1)
  view.release(block)
  expect(arena.allocate(10)).toBe(0)
})

test('one release too many is found out', () => {
  const { arena, view } = arenaOf(1)
  view.release(arena.blockOf(arena.allocate(10)))
  view.release(0)
  expect(() => arena.allocate(10)).toThrow('not released more often')
})

test('runs never overlap, whatever comes and goes', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed)
    const { arena, view } = arenaOf(24)
    const owners = new Array<number>(24).fill(0)
    const runs: { block: number; blocks: number; id: number }[] = []
    for (let id = 1; id < 400; id++) {
      if (random() % 2 === 0) {
        const blocks = 1 + (random() % 5)
        const offset = arena.allocate(blocks * BLOCK - (random() % BLOCK))
        const free = owners.join(',').includes(new Array(blocks).fill(0).join(','))
        const fits =
          free && owners.some((_, i) => i + blocks <= 24 && owners.slice(i, i + blocks).every((o) => o === 0))
        expect(offset >= 0, `seed ${seed} step ${id}`).toBe(fits)
        if (offset < 0) continue
        const block = arena.blockOf(offset)
        for (let i = block; i < block + blocks; i++) {
          expect(owners[i], `seed ${seed} step ${id}`).toBe(0)
          owners[i] = id
        }
        runs.push({ block, blocks, id })
      } else if (runs.length > 0) {
        const { block, blocks } = runs.splice(random() % runs.length, 1)[0]!
        owners.fill(0, block, block + blocks)
        if (random() % 2 === 0) arena.release(block)
        else view.release(block)
      }
    }
    expect(arena.heldBytes() / BLOCK, `seed ${seed}`).toBe(owners.filter((owner) => owner !== 0).length)
  }
})
