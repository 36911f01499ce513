// What Apache Kafka 4.3.0's own classes make of the same values, message by message and version by version.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadCodecs, type Plain, versionsOf } from './support/messages.ts'

interface Golden {
  message: string
  version: number
  value: Plain
  hex: string
}

const goldens: Golden[] = readFileSync(new URL('golden/messages.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const codecs = await loadCodecs()

test.each(codecs.map((codec) => [codec.message.name, codec] as const))(
  '%s is written and read as Kafka does',
  (name, codec) => {
    const own = goldens.filter(({ message }) => message === name)
    expect(own.map(({ version }) => version)).toEqual(versionsOf(codec.message))
    for (const { version, value, hex } of own) {
      expect(Buffer.from(codec.encode(version, value)).toString('hex'), `v${version}`).toBe(hex)
      expect(codec.decode(version, Buffer.from(hex, 'hex')), `v${version}`).toEqual(codec.complete(version, value))
    }
  },
)
