// DescribeCluster (key 60), versions 0-2: the cluster's id and brokers. Runs on the shard, from its image.
//
//   v1  brokers or controllers may be asked for       v2  fenced brokers may be included

import type { Refusal } from '../controller/commands.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { NO_BROKER } from '../model/ids.ts'
import {
  type DescribeClusterResponse,
  describeClusterApi,
  readDescribeClusterRequest,
  writeDescribeClusterResponse,
} from '../wire/generated/60-describe-cluster.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { defineShardApi } from './define-api.ts'
import { errorFields } from './refusals.ts'

const BROKERS = 1
const CONTROLLERS = 2

const codec = { read: readDescribeClusterRequest, write: writeDescribeClusterResponse }

export const describeCluster = defineShardApi(
  describeClusterApi,
  codec,
  (request, context): DescribeClusterResponse => {
    const { brokers } = context.image
    const refusal = endpointTypeRefusal(request.endpointType)
    const shown = [...brokers.all()].filter(({ fenced }) => !fenced || request.includeFencedBrokers)
    const describes = refusal === null
    return {
      throttleTimeMs: 0,
      ...errorFields(refusal),
      endpointType: BROKERS,
      clusterId: describes ? context.clusterId : '',
      controllerId: describes && brokers.isAlive(context.nodeId) ? context.nodeId : NO_BROKER,
      brokers: (describes ? shown : []).flatMap(({ id, rack, fenced }) => {
        const endPoint = brokers.endPoint(id, context.listenerName)
        return endPoint === undefined
          ? []
          : [{ brokerId: id, host: endPoint.host, port: endPoint.port, rack, isFenced: fenced }]
      }),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    }
  },
)

function endpointTypeRefusal(endpointType: number): Refusal | null {
  if (endpointType === BROKERS) return null
  if (endpointType === CONTROLLERS) {
    return {
      error: ErrorCode.MismatchedEndpointType,
      message: 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    }
  }
  return { error: ErrorCode.UnsupportedEndpointType, message: `Unsupported endpoint type ${endpointType}` }
}
