// Who is let in: by number, by address, by rate, and what descriptors leave.
import { expect, test } from 'vitest'
import { loadSettings } from '../../src/config/settings.ts'
import { parseDescriptorLimit } from '../../src/lib/descriptor-limit.ts'
import { AcceptRate } from '../../src/net/accept-rate.ts'
import { AddressCounts, AddressEnds } from '../../src/net/address-counts.ts'
import { connectionQuota, connectionsWithin } from '../../src/net/connection-quota.ts'

function counts(slots: number) {
  const memory = new SharedArrayBuffer(slots * 4)
  return { given: new AddressCounts(memory), ends: new AddressEnds(memory) }
}

test('an address has what it was given and what has not ended', () => {
  const { given, ends } = counts(4)
  const slot = given.add('10.0.0.1')
  expect(given.add('10.0.0.1')).toBe(slot)
  given.add('10.0.0.2')
  expect([given.openOf('10.0.0.1'), given.openOf('10.0.0.2'), given.openOf('10.0.0.3')]).toEqual([2, 1, 0])
  ends.add(slot)
  ends.add(-1)
  expect([given.openOf('10.0.0.1'), given.openOf('10.0.0.2')]).toEqual([1, 1])
})

test('a slot whose connections have ended goes to another address, one with an open connection does not', () => {
  const { given, ends } = counts(2)
  const first = given.add('a')
  given.add('b')
  expect(given.add('c')).toBe(-1)
  ends.add(first)
  expect(given.add('c')).toBe(first)
  expect([given.openOf('a'), given.openOf('b'), given.openOf('c')]).toEqual([0, 1, 1])
  expect(given.add('a')).toBe(-1)
})

test('counts go on when they wrap around', () => {
  const { given, ends } = counts(1)
  const slot = given.add('a')
  const total = 2 ** 20
  for (let i = 0; i < total; i++) {
    given.add('a')
    ends.add(slot)
  }
  expect(given.openOf('a')).toBe(1)
})

test('a second’s worth at once, then as many as the rate brings', () => {
  const rate = new AcceptRate(100, 0)
  const rests = Array.from({ length: 100 }, () => rate.take(0))
  expect(rests.slice(0, 99).every((restMs) => restMs === 0)).toBe(true)
  expect(rests[99]).toBe(10)
  expect(rate.take(10)).toBe(10)
  expect(rate.take(1_000_000)).toBe(0)
})

test('a rate of nothing lets one in a second', () => {
  expect(new AcceptRate(0, 0).take(0)).toBe(1000)
})

test('what the system says of descriptors', () => {
  const limits = 'Limit                     Soft Limit           Hard Limit           Units     \n'
  expect(
    parseDescriptorLimit(`${limits}Max open files            20000                20000                files`),
  ).toBe(20_000)
  expect(
    parseDescriptorLimit(`${limits}Max open files            unlimited            unlimited            files`),
  ).toBe(Number.POSITIVE_INFINITY)
  expect(parseDescriptorLimit('')).toBe(Number.POSITIVE_INFINITY)
})

test('logs have their descriptors before connections', () => {
  expect(connectionsWithin(20_000, 2)).toBeLessThan(20_000 - 2 * 1024)
  expect(connectionsWithin(256, 1)).toBe(64)
  expect(connectionsWithin(Number.POSITIVE_INFINITY, 64)).toBe(Number.POSITIVE_INFINITY)
})

test('overrides go by numeric address, whatever the host was called', async () => {
  const load = (text: string) => loadSettings({ overrides: [`max.connections.per.ip.overrides=${text}`] }).settings
  const lookUp = async (host: string) => (host === 'localhost' ? '127.0.0.1' : '192.0.2.1')
  const quota = await connectionQuota(load('localhost:3, 10.0.0.7:0,[::1]:5,fd00::2:6'), 1, 20_000, lookUp)
  expect([...quota.overrides]).toEqual([
    ['127.0.0.1', 3],
    ['10.0.0.7', 0],
    ['::1', 5],
    ['fd00::2', 6],
  ])
  expect(quota.connectionsMax).toBe(connectionsWithin(20_000, 1))
  expect(() => load('nonsense')).toThrow(/max.connections.per.ip.overrides=nonsense \(-o\) is not a list of host:count/)
})
