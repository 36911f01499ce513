// FindCoordinator (key 10), versions 0-6: which broker coordinates a group. Runs on the shard of the connection, from its
// image; the first one to ask has the topic of committed offsets made, and is answered when it is there.
//
// There are no coordinators of transactions yet: their keys are refused once and for all, or producers would ask again
// until their own time limit. Share groups are not served, which Kafka answers with INVALID_REQUEST.
//
//   v1  key types   v4  several keys   v6  share groups
import { ErrorCode } from '../model/error-codes.ts'
import { NO_BROKER, OFFSETS_TOPIC } from '../model/ids.ts'
import {
  type Coordinator,
  type FindCoordinatorResponse,
  findCoordinatorApi,
  readFindCoordinatorRequest,
  writeFindCoordinatorResponse,
} from '../wire/generated/10-find-coordinator.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'
import { groupPartition } from './group-calls.ts'
import { noTransactions } from './refusals.ts'

const GROUP = 0
const TRANSACTION = 1
const SEVERAL_KEYS_VERSION = 4

const codec = { read: readFindCoordinatorRequest, write: writeFindCoordinatorResponse }

export const findCoordinator = defineShardApi(
  findCoordinatorApi,
  codec,
  async (request, context): Promise<FindCoordinatorResponse> => {
    const hasSeveral = context.apiVersion >= SEVERAL_KEYS_VERSION
    const keys = hasSeveral ? request.coordinatorKeys : [request.key]
    const hasTopic = () => context.image.topics.byName(OFFSETS_TOPIC) !== undefined
    if (request.keyType === GROUP && !hasTopic()) await context.createInternalTopic(OFFSETS_TOPIC)
    const coordinators = keys.map((key) => coordinatorOf(request.keyType, key, context))
    const { errorCode, errorMessage, nodeId, host, port } = coordinators[0] ?? nowhere('', ErrorCode.InvalidRequest)
    if (!hasSeveral) return { throttleTimeMs: 0, errorCode, errorMessage, nodeId, host, port, coordinators: [] }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.None,
      errorMessage: null,
      nodeId: NO_BROKER,
      host: '',
      port: -1,
      coordinators,
    }
  },
)

function coordinatorOf(keyType: number, key: string, { image, listenerName }: ShardContext): Coordinator {
  if (keyType === TRANSACTION) return nowhere(key, noTransactions.error, noTransactions.message)
  if (keyType !== GROUP) return nowhere(key, ErrorCode.InvalidRequest)
  const partitions = image.topics.byName(OFFSETS_TOPIC)?.partitions ?? []
  const leader = partitions.length === 0 ? NO_BROKER : partitions[groupPartition(key, partitions.length)]!.leader
  const endPoint = image.brokers.isAlive(leader) ? image.brokers.endPoint(leader, listenerName) : undefined
  if (endPoint === undefined) return nowhere(key, ErrorCode.CoordinatorNotAvailable)
  const { host, port } = endPoint
  return { key, nodeId: leader, host, port, errorCode: ErrorCode.None, errorMessage: null }
}

function nowhere(key: string, errorCode: ErrorCode, errorMessage: string | null = null): Coordinator {
  return { key, nodeId: NO_BROKER, host: '', port: -1, errorCode, errorMessage }
}
