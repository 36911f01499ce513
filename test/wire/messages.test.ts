import { expect, test } from 'vitest'
import { DecodeError } from '../../src/wire/errors.ts'
import { loadCodecs, versionsOf } from './support/messages.ts'
import { Random } from './support/random.ts'

const codecs = await loadCodecs()
const SEEDS = 20

const cases = codecs.flatMap((codec) => versionsOf(codec.message).map((version) => ({ codec, version })))
const named = cases.map(({ codec, version }) => [`${codec.message.name} v${version}`, codec, version] as const)

test.each(named)('%s comes back as it was written', (_name, codec, version) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const value = codec.randomValue(version, new Random(seed))
    const bytes = codec.encode(version, value)
    expect(codec.decode(version, bytes), `seed ${seed}`).toEqual(codec.complete(version, value))
  }
})

test.each(named)('%s of defaults comes back', (_name, codec, version) => {
  const value = codec.complete(version, {})
  const bytes = codec.encode(version, value)
  expect(codec.decode(version, bytes)).toEqual(value)
})

test.each(named)('%s cut anywhere is a DecodeError', (_name, codec, version) => {
  for (let seed = 1; seed <= 2; seed++) {
    const bytes = codec.encode(version, codec.randomValue(version, new Random(seed)))
    for (let length = 0; length < bytes.length; length++) {
      expect(
        failureOf(() => codec.decode(version, bytes.subarray(0, length))),
        `seed ${seed}, ${length} bytes`,
      ).toBe(DecodeError)
    }
  }
})

test.each(named)('%s with broken bytes is a value or a DecodeError', (_name, codec, version) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed)
    const bytes = codec.encode(version, codec.randomValue(version, random))
    if (bytes.length === 0) return
    for (let round = 0; round < 20; round++) {
      const broken = bytes.slice()
      for (let i = 0; i <= random.below(4); i++) {
        broken[random.below(broken.length)] = random.oneOf([0, 1, 0x7f, 0x80, 0xfe, 0xff, random.below(256)])
      }
      try {
        codec.decode(version, broken)
      } catch (error) {
        const leftOver = error instanceof Error && /^\d+ bytes left$/.test(error.message)
        if (!(error instanceof DecodeError) && !leftOver)
          throw new Error(`seed ${seed}, round ${round}`, { cause: error })
      }
    }
  }
})

function failureOf(decode: () => unknown): unknown {
  try {
    decode()
  } catch (error) {
    return (error as Error).constructor
  }
  return undefined
}
