// What is kept of the clock over restarts.
import { expect, test } from 'vitest'
import { TrustedTime } from '../../src/log/trusted-time.ts'
import { FakeDisk, seededRandom } from '../raft/fake-disk.ts'

const T = 1_700_000_000_000
const MINUTE = 60_000

test('the last time, about, is there after a power cut; a write comes every ten minutes at most', async () => {
  const disk = new FakeDisk()
  const time = await TrustedTime.open(disk, 'data')
  expect(time.lastMs).toBeNull()
  await Promise.all([time.store(T), time.store(T + 1), time.store(T + 2)])
  const syncs = disk.syncs
  for (let minute = 1; minute < 10; minute++) await time.store(T + minute * MINUTE)
  expect(disk.syncs).toBe(syncs)
  await time.store(T + 10 * MINUTE)
  expect(disk.syncs).toBe(syncs + 1)
  const after = await TrustedTime.open(disk.afterPowerCut(seededRandom(1)), 'data')
  expect(after.lastMs).toBe(T + 10 * MINUTE)
  // A clock that was believed though it went back.
  await after.store(T)
  expect(after.lastMs).toBe(T)
})

test.each(['', 'x', '17', '-5\n', '1'.repeat(16)])('a file that says %j says nothing', async (text) => {
  const disk = new FakeDisk()
  const file = await disk.open('data/millrace-trusted-time', 'write')
  await file.write(new TextEncoder().encode(text), 0)
  expect((await TrustedTime.open(disk, 'data')).lastMs).toBeNull()
})
