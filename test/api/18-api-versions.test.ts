import { expect, test } from 'vitest'
import { apiVersions, unsupportedApiVersions } from '../../src/api/18-api-versions.ts'
import { admit, advertisedApis, coldApis, hotApis } from '../../src/api/table.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  apiVersionsApi,
  readApiVersionsResponse,
  writeApiVersionsRequest,
  writeApiVersionsResponse,
} from '../../src/wire/generated/18-api-versions.ts'
import { responseHeaderVersion } from '../../src/wire/generated/apis.ts'
import { Writer } from '../../src/wire/writer.ts'
import { client, decode, imageOf, shardContext, versionsOf } from './harness.ts'

const call = client(apiVersions, { writeRequest: writeApiVersionsRequest, readResponse: readApiVersionsResponse })
const kcat = { clientSoftwareName: 'librdkafka', clientSoftwareVersion: '2.3.0-RC1' }
const image = imageOf({ type: 'FeatureLevelRecord', name: 'metadata.version', featureLevel: 25 })

test.each(versionsOf(apiVersionsApi))('v%i tells which APIs there are', async (version) => {
  const answer = await call(version, kcat, shardContext(image, { advertisedApis }))
  expect(answer.errorCode).toBe(0)
  expect(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion])).toEqual(
    advertisedApis.map(({ key, minVersion, maxVersion }) => [key, minVersion, maxVersion]),
  )
})

test('Produce is advertised from 0, and 0 to 2 are refused', () => {
  expect(advertisedApis[0]).toMatchObject({ key: 0, minVersion: 0 })
  expect([0, 1, 2].map((version) => admit(0, version))).toEqual(['refuse', 'refuse', 'refuse'])
  expect(admit(0, 3)).toBe('serve')
})

test('what is advertised is served, and nothing else', () => {
  for (const api of [...coldApis.values(), ...hotApis]) {
    for (const version of versionsOf(api)) expect(admit(api.key, version)).toBe('serve')
    const beyond = api.key === apiVersionsApi.key ? 'unsupported-api-versions' : 'refuse'
    expect(admit(api.key, api.maxVersion + 1)).toBe(beyond)
    expect(admit(api.key, -1)).toBe(beyond)
  }
  expect(admit(4711, 0)).toBe('refuse')
  const keys = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 32, 33, 37, 42, 44, 47, 60]
  expect(advertisedApis.map(({ key }) => key)).toEqual(keys)
})

test('topic ids come with all APIs of the data plane together', () => {
  const max = (key: number) => advertisedApis.find((api) => api.key === key)!.maxVersion
  expect([max(0), max(1), max(3)].map((version, index) => version >= [13, 13, 10][index]!)).toEqual([true, true, true])
})

test('a version that is not known is answered in v0, with error 35 and the range of ApiVersions itself', () => {
  const writer = new Writer()
  writeApiVersionsResponse(writer, 0, unsupportedApiVersions())
  expect(Buffer.from(writer.written()).toString('hex')).toBe('0023' + '00000001' + '0012' + '0000' + '0004')
  expect(decode(writer.written().slice(), readApiVersionsResponse, 0).errorCode).toBe(ErrorCode.UnsupportedVersion)
})

test("the response's header is never flexible", () => {
  expect(versionsOf(apiVersionsApi).map((version) => responseHeaderVersion(18, version))).toEqual([0, 0, 0, 0, 0])
})

test.each([
  ['', '1'],
  ['client', ''],
  ['-client', '1'],
  ['client-', '1'],
  ['a client', '1'],
  ['client', '1.0\n'],
  ['client', '1,0'],
  ['clïent', '1'],
])('client software %j %j is refused from v3 on', async (clientSoftwareName, clientSoftwareVersion) => {
  for (const version of [3, 4]) {
    const answer = await call(
      version,
      { clientSoftwareName, clientSoftwareVersion },
      shardContext(image, { advertisedApis }),
    )
    expect([answer.errorCode, answer.apiKeys]).toEqual([ErrorCode.InvalidRequest, []])
  }
})

test('a name of 30,000 dashes costs no time', async () => {
  const before = process.cpuUsage()
  const clientSoftwareName = `a${'-'.repeat(30_000)}`
  const answer = await call(3, { clientSoftwareName, clientSoftwareVersion: '1' }, shardContext(image))
  expect(answer.errorCode).toBe(ErrorCode.InvalidRequest)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(200)
})

test('features: supported, finalized, and in v3 none whose lowest version is 0', async () => {
  const supportedFeatures = [
    { name: 'metadata.version', minVersion: 25, maxVersion: 25 },
    { name: 'group.version', minVersion: 0, maxVersion: 1 },
  ]
  const v3 = await call(3, kcat, shardContext(image, { supportedFeatures }))
  expect(v3.supportedFeatures).toEqual([supportedFeatures[0]])
  expect(v3.finalizedFeatures).toEqual([{ name: 'metadata.version', maxVersionLevel: 25, minVersionLevel: 25 }])
  expect(v3.finalizedFeaturesEpoch).toBe(image.offset)
  expect((await call(4, kcat, shardContext(image, { supportedFeatures }))).supportedFeatures).toEqual(supportedFeatures)
})

test('transaction.version is not finalized: clients must not use transactions V2', async () => {
  const names = (await call(4, kcat, shardContext(image))).finalizedFeatures.map(({ name }) => name)
  expect(names).not.toContain('transaction.version')
})
