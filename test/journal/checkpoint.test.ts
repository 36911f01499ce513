import { beforeEach, expect, test } from 'vitest'
import { type Checkpoint, checkpointPath, readCheckpoints, writeCheckpoint } from '../../src/journal/checkpoint.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk } from '../raft/fake-disk.ts'

const DIRECTORY = '/data'

let disk: FakeDisk

beforeEach(() => {
  disk = new FakeDisk()
})

test('a run counts once each of its shards has a checkpoint', async () => {
  await write({ runEpoch: 1, shard: 0, shards: 2 })
  expect(await read()).toEqual([])
  await write({ runEpoch: 1, shard: 1, shards: 2 })
  expect(await read()).toEqual(['run 1 shard 0 generation 1', 'run 1 shard 1 generation 1'])
})

test('each shard speaks by its latest checkpoint of the run', async () => {
  await write({ runEpoch: 1, shard: 0, shards: 2 })
  await write({ runEpoch: 1, shard: 1, shards: 2 })
  await write({ runEpoch: 1, shard: 1, shards: 2, generation: 2 })
  expect(await read()).toEqual(['run 1 shard 0 generation 1', 'run 1 shard 1 generation 2'])
})

test('a start that ended between two checkpoints leaves the run before it, whatever the shard count', async () => {
  await write({ runEpoch: 1, shard: 0, shards: 1, generation: 4 })
  await write({ runEpoch: 2, shard: 0, shards: 2, generation: 5 })
  expect(await read()).toEqual(['run 1 shard 0 generation 4'])
  // The next start, with other shards again, fares better.
  for (const shard of [0, 1, 2]) await write({ runEpoch: 3, shard, shards: 3, generation: shard === 0 ? 5 : 1 })
  expect(await read()).toEqual([
    'run 3 shard 0 generation 5',
    'run 3 shard 1 generation 1',
    'run 3 shard 2 generation 1',
  ])
})

test('what other shard counts left behind is passed over', async () => {
  for (const shard of [0, 1, 2]) await write({ runEpoch: 1, shard, shards: 3 })
  await write({ runEpoch: 2, shard: 0, shards: 1, generation: 2 })
  expect(await read()).toEqual(['run 2 shard 0 generation 2'])
})

test('a torn slot leaves the run before it', async () => {
  await write({ runEpoch: 1, shard: 0, shards: 1 })
  await write({ runEpoch: 2, shard: 0, shards: 1, generation: 2 })
  const file = await disk.open(checkpointPath(DIRECTORY, 0, 0), 'write')
  await file.truncate((await file.size()) - 1)
  await file.close()
  expect(await read()).toEqual(['run 1 shard 0 generation 1'])
})

async function write(some: Pick<Checkpoint, 'runEpoch' | 'shard' | 'shards'> & Partial<Checkpoint>): Promise<void> {
  const whole = { version: 1 as const, generation: 1, replayFromSequence: 1, partitions: [], ...some }
  await writeCheckpoint(disk, DIRECTORY, whole, crc32c)
}

async function read(): Promise<string[]> {
  const checkpoints = await readCheckpoints(disk, DIRECTORY, crc32c)
  return checkpoints.map(({ runEpoch, shard, generation }) => `run ${runEpoch} shard ${shard} generation ${generation}`)
}
