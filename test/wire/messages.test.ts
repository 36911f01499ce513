// Every message in every version: there and back, and against bytes that are not what they claim to be.

import { expect, test } from 'vitest'
import { DecodeError } from '../../src/wire/errors.ts'
import { type Codec, loadCodecs, versionsOf } from './support/messages.ts'
import { Random } from './support/random.ts'

const codecs = await loadCodecs()
const named = codecs.map((codec) => [codec.message.name, codec] as const)

/** Calls `visit` for each version and for the seeds 1 to `seeds`. */
function each(codec: Codec, seeds: number, visit: (version: number, random: Random, where: string) => void): void {
  for (const version of versionsOf(codec.message))
    for (let seed = 1; seed <= seeds; seed++) visit(version, new Random(seed), `v${version}, seed ${seed}`)
}

test.each(named)('%s comes back as it was written', (_name, codec) => {
  each(codec, 12, (version, random, where) => {
    const value = codec.randomValue(version, random)
    expect(codec.decode(version, codec.encode(version, value)), where).toEqual(codec.complete(version, value))
  })
})

test.each(named)('%s of defaults comes back', (_name, codec) => {
  each(codec, 1, (version, _random, where) => {
    const value = codec.complete(version, {})
    expect(codec.decode(version, codec.encode(version, value)), where).toEqual(value)
  })
})

test.each(named)('%s cut anywhere is a DecodeError', (_name, codec) => {
  each(codec, 2, (version, random, where) => {
    const bytes = codec.encode(version, codec.randomValue(version, random))
    for (let length = 0; length < bytes.length; length++) {
      const failure = failureOf(() => codec.decode(version, bytes.subarray(0, length)))
      if (!(failure instanceof DecodeError)) expect.fail(`${where}: ${length} bytes gave ${failure}`)
    }
  })
})

test.each(named)('%s with broken bytes is a value or a DecodeError', (_name, codec) => {
  each(codec, 100, (version, random, where) => {
    const bytes = codec.encode(version, codec.randomValue(version, random))
    if (bytes.length === 0) return
    for (let i = 0; i <= random.below(4); i++) {
      bytes[random.below(bytes.length)] = random.oneOf([0, 1, 0x7f, 0x80, 0xfe, 0xff, random.below(256)])
    }
    const failure = failureOf(() => codec.decode(version, bytes))
    const leftOver = failure instanceof Error && /^\d+ bytes left$/.test(failure.message)
    if (failure && !leftOver && !(failure instanceof DecodeError)) expect.fail(`${where} gave ${failure}`)
  })
})

test.each(named)('%s of nothing but high bits, or low ones, is a value or a DecodeError', (_name, codec) => {
  each(codec, 1, (version, _random, where) => {
    for (const byte of [0xff, 0x7f, 0x80, 0x01, 0x00]) {
      const failure = failureOf(() => codec.decode(version, new Uint8Array(4096).fill(byte)))
      const leftOver = failure instanceof Error && /^\d+ bytes left$/.test(failure.message)
      if (failure && !leftOver && !(failure instanceof DecodeError)) expect.fail(`${where} gave ${failure}`)
    }
  })
})

test.each(named)('%s is refused where its arrays and strings would go over the budget', (_name, codec) => {
  each(codec, 12, (version, random, where) => {
    const bytes = codec.encode(version, codec.randomValue(version, random))
    const failure = failureOf(() => codec.decode(version, bytes, 0))
    if (failure) expect((failure as DecodeError).reason, where).toBe('over budget')
  })
})

test.each(named)('%s passes over a tagged field that it does not know', (_name, codec) => {
  each(codec, 1, (version, _random, where) => {
    const { flexible } = codec.message
    if (!flexible || version < flexible.from) return
    const value = codec.complete(version, {})
    const bytes = codec.encode(version, value)
    expect(bytes.at(-1), where).toBe(0)
    const tagged = new Uint8Array([...bytes.subarray(0, -1), 2, 98, 0, 99, 3, 1, 2, 3])
    expect(codec.decode(version, tagged), where).toEqual(value)
    const cut = new Uint8Array([...bytes.subarray(0, -1), 1, 99, 4, 1, 2, 3])
    expect(
      failureOf(() => codec.decode(version, cut)),
      where,
    ).toBeInstanceOf(DecodeError)
  })
})

test('null topics ask for all of them from version 1 on, and are an error before', () => {
  const metadata = codecs.find(({ message }) => message.name === 'MetadataRequest')!
  const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff)
  expect((failureOf(() => metadata.decode(0, bytes)) as DecodeError).reason).toBe('null not allowed')
  expect(metadata.decode(1, bytes)).toMatchObject({ topics: null })
})

function failureOf(decode: () => unknown): unknown {
  try {
    decode()
    return undefined
  } catch (error) {
    return error
  }
}
