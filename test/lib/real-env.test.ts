import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DiskError } from '../../src/lib/env.ts'
import { realDisk, realEnv } from '../../src/lib/real-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-env-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a file is written, cut, read back and renamed', async () => {
  const path = join(folder, 'a/b/file')
  await realDisk.makeDirectory(join(folder, 'a/b'))
  const file = await realDisk.open(path, 'write')
  await file.write(Uint8Array.of(1, 2, 3, 4), 0)
  await file.write(Uint8Array.of(9), 6)
  await file.sync()
  expect(await file.size()).toBe(7)
  // A filesystem's clock may be a tick behind.
  expect(Math.abs((await file.modifiedMs()) - Date.now())).toBeLessThan(10_000)
  await file.truncate(5)
  const into = new Uint8Array(8)
  expect(await file.read(into, 1)).toBe(4)
  expect([...into]).toEqual([2, 3, 4, 0, 0, 0, 0, 0])
  await file.close()
  await realDisk.rename(path, join(folder, 'a/b/other'))
  await realDisk.syncDirectory(join(folder, 'a/b'))
  expect(await realDisk.list(join(folder, 'a/b'))).toEqual(['other'])
  expect([await realDisk.exists(path), await realDisk.exists(join(folder, 'a'))]).toEqual([false, true])
  await realDisk.remove(join(folder, 'a'))
  expect(await realDisk.exists(join(folder, 'a'))).toBe(false)
})

test('a mode keeps its word', async () => {
  const path = join(folder, 'modes')
  await expect(realDisk.open(path, 'read')).rejects.toMatchObject({ code: 'ENOENT', operation: 'open', path })
  await (await realDisk.open(path, 'new')).close()
  await expect(realDisk.open(path, 'new')).rejects.toThrow(DiskError)
  await (await realDisk.open(path, 'write')).close()
  const file = await realDisk.open(path, 'read')
  await expect(file.write(Uint8Array.of(1), 0)).rejects.toMatchObject({ code: 'EBADF' })
  await file.close()
})

test('the clock only goes forward, and random bytes come in the asked number', () => {
  const { clock, random } = realEnv()
  const first = clock.nowMs()
  expect(clock.nowMs()).toBeGreaterThanOrEqual(first)
  expect(random.bytes(5)).toHaveLength(5)
  expect(random.uint32()).toBeLessThan(2 ** 32)
})
