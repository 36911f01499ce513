import { expect, test } from 'vitest'
import { responseHeaderVersion } from '../../src/wire/generated/apis.ts'
import { nameTable } from '../../src/wire/intern.ts'
import { Reader } from '../../src/wire/reader.ts'
import { clientIdOf, RequestHeader, readRequestHeader } from '../../src/wire/request-header.ts'

/** Made by Kafka 4.3.0's RequestHeader; the last four by hand. */
const headers = [
  ['Produce v8', '00000008000000070008636c69656e742d31', 1, 0, 0, 8, 7, 'client-1'],
  ['Fetch v13', '0001000d000000080008636c69656e742d3100', 2, 1, 1, 13, 8, 'client-1'],
  ['ApiVersions v3', '00120003000000090008636c69656e742d3100', 2, 0, 18, 3, 9, 'client-1'],
  ['ApiVersions v99', '00120063000000090008636c69656e742d3100', 2, 0, 18, 99, 9, 'client-1'],
  ['a null client id', '0001000400000008ffff', 1, 0, 1, 4, 8, null],
  ['tagged fields', '0001000d00000008ffff0205026869070100', 2, 1, 1, 13, 8, null],
  ['a key we do not know', '7fff0001000000090008636c69656e742d31', -1, -1, 32767, 1, 9, 'client-1'],
  ['a negative key', 'ffff0001000000090008636c69656e742d31', -1, -1, -1, 1, 9, 'client-1'],
] as const

test.each(headers)(
  'the header of %s',
  (_name, hex, version, responseVersion, key, apiVersion, correlationId, clientId) => {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    const header = new RequestHeader()
    const reader = new Reader()
    reader.reset(bytes, new DataView(bytes.buffer), 0, bytes.length, 1000)
    expect(readRequestHeader(reader, header)).toBe(version)
    expect(reader.remaining).toBe(0)
    expect(header).toMatchObject({ requestApiKey: key, requestApiVersion: apiVersion, correlationId })
    expect(clientIdOf(reader, header)).toBe(clientId)
    expect(responseHeaderVersion(key, apiVersion)).toBe(responseVersion)
  },
)

test('a client id that the table knows is not decoded, so it costs no budget', () => {
  const bytes = new Uint8Array(Buffer.from(headers[0][1], 'hex'))
  const names = nameTable(4)
  names.add('client-1')
  const reader = new Reader(names)
  reader.reset(bytes, new DataView(bytes.buffer), 0, bytes.length, 0)
  const header = new RequestHeader()
  readRequestHeader(reader, header)
  expect(clientIdOf(reader, header)).toBe('client-1')
  expect(reader.budgetBytes).toBe(0)
})
