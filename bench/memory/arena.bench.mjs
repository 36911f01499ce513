// What does a block of the arena cost, and does it cost more when most are held? What a small piece, a hold, a copy?
//
//   npm run build:ts && node bench/memory/arena.bench.mjs [--small]
//
// An allocation takes the lowest free run, so it looks at every block that is held below it.
import { fromDist, question, row } from '../micro.mjs'

const { Arena, ArenaView, createArenaMemory } = await fromDist('memory/arena')
const { Pieces } = await fromDist('memory/pieces')
const { LIMITS } = await fromDist('config/limits')

const BLOCK = LIMITS.arenaBlockBytes
const BLOCKS = 1024

question(`An arena of ${BLOCKS} blocks of ${BLOCK >> 10} KiB`)
for (const held of [0, 16, 256, 1000]) {
  const arena = new Arena(createArenaMemory(BLOCKS * BLOCK, BLOCK))
  for (let i = 0; i < held; i++) arena.allocate(BLOCK)
  await row(`allocate a block and release it, ${held} held below`, () =>
    arena.release(arena.blockOf(arena.allocate(BLOCK))),
  )
  if (held > 0) continue
  await row('allocate a run of 8 blocks and release it', () => arena.release(arena.blockOf(arena.allocate(8 * BLOCK))))
}
const full = new Arena(createArenaMemory(BLOCKS * BLOCK, BLOCK))
while (full.allocate(BLOCK) >= 0);
await row(`find that all ${BLOCKS} are held`, () => full.allocate(BLOCK))
await row('count the bytes that are held', () => full.heldBytes())

const memory = createArenaMemory(BLOCKS * BLOCK, BLOCK)
const arena = new Arena(memory)
const block = arena.blockOf(arena.allocate(BLOCK))
const view = new ArenaView(memory)
await row('hold a block and release it, its owner', () => {
  arena.hold(block)
  arena.release(block)
})
await row('hold a block and release it, another thread', () => {
  view.hold(block)
  view.release(block)
})

const pieces = new Pieces(arena)
for (const length of [100, 4001]) {
  const bytes = new Uint8Array(length)
  for (const shift of [0, 1]) {
    const where = shift === 0 ? 'from word to word' : 'from a word to no word'
    await row(`copy ${length} bytes into the arena, ${where}`, () => arena.bytes.set(bytes, shift))
  }
  await row(`put a piece of ${length} bytes and release it`, () => arena.release(arena.blockOf(pieces.put(bytes))))
}
