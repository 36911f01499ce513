// ApiVersions (key 18), versions 0-4: which APIs in which versions, and which features. The first request of most
// clients, and the only one that may come in a version that we don't know: see `unsupportedApiVersions`.
//
//   v3  flexible encoding, client software, features       v4  features whose lowest version is 0 are no longer left out
//
// The response's header is never flexible (responseHeaderVersion knows), so that a client can read it in any version.
import { ErrorCode } from '../model/error-codes.ts'
import {
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  apiVersionsApi,
  readApiVersionsRequest,
  writeApiVersionsResponse,
} from '../wire/generated/18-api-versions.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'

const SOFTWARE_VERSION = 3
/** Older clients fail to decode a lowest version of 0 (KAFKA-17011). */
const ZERO_MIN_VERSION = 4

const codec = { read: readApiVersionsRequest, write: writeApiVersionsResponse }

export const apiVersions = defineShardApi(apiVersionsApi, codec, (request, context): ApiVersionsResponse => {
  if (context.apiVersion >= SOFTWARE_VERSION && !isClientSoftware(request)) return failed(ErrorCode.InvalidRequest)
  return {
    ...failed(ErrorCode.None),
    apiKeys: context.advertisedApis.map(({ key, minVersion, maxVersion }) => ({ apiKey: key, minVersion, maxVersion })),
    ...features(context),
  }
})

/** To be written in version 0, whatever was asked for: the client then knows what to ask for. The request is not parsed. */
export function unsupportedApiVersions(): ApiVersionsResponse {
  const { key: apiKey, minVersion, maxVersion } = apiVersionsApi
  return { ...failed(ErrorCode.UnsupportedVersion), apiKeys: [{ apiKey, minVersion, maxVersion }] }
}

function features({ apiVersion, image, supportedFeatures }: ShardContext) {
  return {
    supportedFeatures: supportedFeatures.filter(({ minVersion }) => minVersion > 0 || apiVersion >= ZERO_MIN_VERSION),
    finalizedFeaturesEpoch: image.offset,
    finalizedFeatures: Array.from(image.features, ([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  }
}

/** Letters and digits, with dots and dashes between them. */
function isClientSoftware({ clientSoftwareName, clientSoftwareVersion }: ApiVersionsRequest): boolean {
  const pattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
  return pattern.test(clientSoftwareName) && pattern.test(clientSoftwareVersion)
}

function failed(errorCode: ErrorCode): ApiVersionsResponse {
  return {
    errorCode,
    apiKeys: [],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}
