// IncrementalAlterConfigs (key 44), versions 0-1: single configs of a resource. Runs on the control thread; answered when
// the change is committed.
import {
  type IncrementalAlterConfigsResponse,
  incrementalAlterConfigsApi,
  readIncrementalAlterConfigsRequest,
  writeIncrementalAlterConfigsResponse,
} from '../wire/generated/44-incremental-alter-configs.ts'
import { alterConfigs } from './alter-configs.ts'
import { defineControlApi } from './define-api.ts'

const codec = { read: readIncrementalAlterConfigsRequest, write: writeIncrementalAlterConfigsResponse }

export const incrementalAlterConfigs = defineControlApi(
  incrementalAlterConfigsApi,
  codec,
  async ({ resources, validateOnly }, context): Promise<IncrementalAlterConfigsResponse> => {
    return { throttleTimeMs: 0, responses: await alterConfigs(resources, false, validateOnly, context) }
  },
)
