// /metrics and /healthz of a running broker.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { batchOf, createTopic, deleteTopic, fetch as fetchFrom, produce, produceAll } from './client.ts'
import { commit, findCoordinators } from './group-client.ts'
import { inEveryWorld } from './worlds.ts'

/** A sample's value, summed over its shards. */
function sampled(text: string, series: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${series} `) || line.startsWith(`${series}{`))
  if (lines.length === 0) throw new Error(`no ${series}`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

inEveryWorld({ 'millrace.http.listener': '127.0.0.1:0' }, (broker, shards) => {
  const get = async (path: string, options = {}) => {
    const response = await fetch(`http://127.0.0.1:${broker().httpPort}${path}`, options)
    return { status: response.status, text: await response.text() }
  }

  test('what is produced and fetched is counted and timed', async () => {
    const client = await broker().connect()
    const batch = batchOf(['a', 'b', 'c'])
    await createTopic(client, 'measured', 4)
    const before = (await get('/metrics')).text
    expect(sampled(before, 'millrace_connections')).toBe(1)
    expect(sampled(before, 'millrace_partitions')).toBe(4)
    for (let i = 0; i < 8; i++) await produce(client, 'measured', i % 4, batch)
    for (let i = 0; i < 4; i++) await fetchFrom(client, 'measured', i, 0)
    // An answer may be here before the broker knows that its last byte has left.
    await expect.poll(async () => sampled((await get('/metrics')).text, 'millrace_requests_in_flight')).toBe(0)
    const { text } = await get('/metrics')
    expect(sampled(text, 'millrace_appended_records_total')).toBe(24)
    expect(sampled(text, 'millrace_request_seconds_count{api="Produce"}')).toBe(8)
    expect(sampled(text, 'millrace_request_seconds_count{api="Fetch"}')).toBe(4)
    expect(sampled(text, 'millrace_request_stage_seconds_count{api="Produce",stage="sync"}')).toBe(8)
    expect(sampled(text, 'millrace_journal_sync_seconds_count')).toBe(sampled(text, 'millrace_journal_groups_total'))
    // A sync takes its time, and a request that waits for it no less.
    const syncSeconds = sampled(text, 'millrace_request_stage_seconds_sum{api="Produce",stage="sync"}')
    expect(syncSeconds).toBeGreaterThan(0)
    expect(sampled(text, 'millrace_request_seconds_sum{api="Produce"}')).toBeGreaterThan(syncSeconds * 0.9)
    expect(sampled(text, 'millrace_shard_up')).toBe(shards)
    expect(sampled(text, 'millrace_offline_partitions')).toBe(0)
    expect(sampled(text, 'millrace_received_bytes_total')).toBeGreaterThan(8 * batch.length)
    client.close()
  })

  test('the memory of a batch that is refused comes back, whichever shard refused it', async () => {
    const clients = await broker().connectMany(3)
    await createTopic(clients[0]!, 'refused', 6, { 'cleanup.policy': 'compact' })
    const heldBytes = async () => sampled((await get('/metrics')).text, 'millrace_arena_held_bytes')
    const before = await heldBytes()
    const batch = batchOf(['no key', 'x'.repeat(900_000)])
    for (const client of clients) {
      const answers = await produceAll(
        client,
        'refused',
        [0, 1, 2, 3, 4, 5].map((partition) => [partition, batch]),
      )
      expect(answers.map(({ errorCode }) => errorCode)).toEqual(new Array(6).fill(ErrorCode.InvalidRecord))
    }
    await expect.poll(heldBytes).toBe(before)
    for (const client of clients) client.close()
  })

  test('groups are as far behind as they have not read', async () => {
    const client = await broker().connect()
    await createTopic(client, 'followed', 3)
    await findCoordinators(client, ['any'])
    for (const partition of [0, 1, 2]) {
      for (let i = 0; i <= partition; i++) await produce(client, 'followed', partition, batchOf(['a', 'b']))
    }
    // Enough of them that every shard coordinates some.
    const groups = Array.from({ length: 8 }, (_, n) => `follower-${n}`)
    for (const group of groups) expect(await commit(client, group, 'followed', { 0: 2, 1: 1, 2: 0 })).toEqual([0, 0, 0])
    const { text } = await get('/metrics')
    const of = (series: string, group: string) =>
      [0, 1, 2].map((partition) =>
        sampled(text, `millrace_group_${series}{group="${group}",topic="followed",partition="${partition}"}`),
      )
    for (const group of groups) {
      expect([group, ...of('lag', group)]).toEqual([group, 0, 3, 6])
      expect([group, ...of('committed_offset', group)]).toEqual([group, 2, 1, 0])
    }
    expect(sampled(text, 'millrace_group_lags_left_out')).toBe(0)

    await produce(client, 'followed', 0, batchOf(['c']))
    await commit(client, 'follower-0', 'followed', { 2: 6 })
    const after = (await get('/metrics')).text
    const lag = (group: string, partition: number) =>
      sampled(after, `millrace_group_lag{group="${group}",topic="followed",partition="${partition}"}`)
    expect([lag('follower-0', 0), lag('follower-0', 2), lag('follower-1', 2)]).toEqual([1, 0, 6])
    expect(await deleteTopic(client, 'followed')).toBe(0)
    expect((await get('/metrics')).text).not.toContain('topic="followed"')
    client.close()
  })

  test('it is well, and has nothing else to say', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' })
    expect((await get('/')).status).toBe(404)
    expect((await get('/metrics', { method: 'POST' })).status).toBe(405)
  })
})
