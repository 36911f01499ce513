// AlterConfigs (key 33), versions 0-2: a resource's whole configuration anew. Runs on the control thread; answered when
// the change is committed.
import {
  type AlterConfigsResponse,
  alterConfigsApi,
  readAlterConfigsRequest,
  writeAlterConfigsResponse,
} from '../wire/generated/33-alter-configs.ts'
import { alterConfigs as alter, SET } from './alter-configs.ts'
import { defineControlApi } from './define-api.ts'

const codec = { read: readAlterConfigsRequest, write: writeAlterConfigsResponse }

export const alterConfigs = defineControlApi(
  alterConfigsApi,
  codec,
  async ({ resources, validateOnly }, context): Promise<AlterConfigsResponse> => {
    const altered = resources.map((resource) => ({
      ...resource,
      configs: resource.configs.map((config) => ({ ...config, configOperation: SET })),
    }))
    return { throttleTimeMs: 0, responses: await alter(altered, true, validateOnly, context) }
  },
)
