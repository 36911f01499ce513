// What AlterConfigs and IncrementalAlterConfigs have in common: which resources may be altered and which changes of them
// make sense; topics' go on to the controller, all in one command.
//
// A broker's configs are its file and options, read at its start. Groups and subscriptions to client metrics have no
// configs here (see 32-describe-configs.ts): none can be set, and there is none to delete.
import type { ConfigChange, Refusal } from '../controller/commands.ts'
import { RESOURCE_BROKER, RESOURCE_CLIENT_METRICS, RESOURCE_GROUP, RESOURCE_TOPIC } from '../metadata/configs.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { ControlContext } from './define-api.ts'
import { errorFields } from './refusals.ts'

/** Kafka's numbers for operations. */
const OPERATIONS: readonly ConfigChange['operation'][] = ['set', 'delete', 'append', 'subtract']
export const SET = 0

export interface AlteredResource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly AlteredConfig[]
}

interface AlteredConfig {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

interface AlteredResourceResult {
  errorCode: ErrorCode
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

/** `isWhole`: what is not named goes back to its default. A resource that is named again is answered once. */
export async function alterConfigs(
  resources: readonly AlteredResource[],
  isWhole: boolean,
  validateOnly: boolean,
  context: ControlContext,
): Promise<AlteredResourceResult[]> {
  const refusals = new Map<string, Refusal | null>()
  const byKey = new Map<string, AlteredResource>()
  for (const resource of resources) {
    const key = keyOf(resource)
    refusals.set(
      key,
      byKey.has(key) ? invalid('Each resource must appear at most once.') : refusalOf(resource, context),
    )
    byKey.set(key, resource)
  }
  const topics = [...byKey.values()].filter((each) => {
    return each.resourceType === RESOURCE_TOPIC && refusals.get(keyOf(each)) === null
  })
  if (topics.length > 0) {
    const asked = topics.map(({ resourceName, configs }) => ({ name: resourceName, changes: configs.map(changeOf) }))
    const answer = await context.submit('alter-topic-configs', { topics: asked, isWhole, validateOnly })
    for (const [index, { refusal }] of answer.entries()) refusals.set(keyOf(topics[index]!), refusal)
  }
  return Array.from(byKey, ([key, { resourceType, resourceName }]) => {
    return { ...errorFields(refusals.get(key)!), resourceType, resourceName }
  })
}

function keyOf({ resourceType, resourceName }: AlteredResource): string {
  return `${resourceType} ${resourceName}`
}

function changeOf({ name, configOperation, value }: AlteredConfig): ConfigChange {
  return { name, operation: OPERATIONS[configOperation]!, value: value ?? '' }
}

/** What can be said without the controller. */
function refusalOf({ resourceType, resourceName, configs }: AlteredResource, context: ControlContext): Refusal | null {
  const unknown = configs.find(({ configOperation }) => OPERATIONS[configOperation] === undefined)
  if (unknown !== undefined) return invalid(`Unknown operations type ${unknown.configOperation}`)
  if (new Set(configs.map(({ name }) => name)).size < configs.length) {
    return invalid('Error due to duplicate config keys')
  }
  const given = configs.filter(({ configOperation }) => OPERATIONS[configOperation] !== 'delete')
  const nulls = given.filter(({ value }) => value === null)
  if (nulls.length > 0) return invalid(`Null value not supported for : ${namesOf(nulls)}`)
  switch (resourceType) {
    case RESOURCE_TOPIC:
      return null
    case RESOURCE_BROKER:
      return brokerRefusal(resourceName, context) ?? notWhileRunning(given)
    case RESOURCE_CLIENT_METRICS:
      if (resourceName === '') return invalid("Subscription name can't be empty")
      return given.length === 0 ? null : invalid(`Unknown client metrics configuration: ${namesOf(given)}`)
    case RESOURCE_GROUP:
      if (resourceName === '') return invalid('Default group resources are not allowed.')
      if (given.length === 0) return null
      return { error: ErrorCode.InvalidConfig, message: `Unknown group config name: ${namesOf(given)}` }
    default:
      return invalid(`Unknown resource type ${resourceType}`)
  }
}

/** The empty name stands for all brokers. */
function brokerRefusal(name: string, { nodeId }: ControlContext): Refusal | null {
  if (name === '') return null
  if (!/^-?\d{1,10}$/.test(name)) return invalid(`Node id must be an integer, but it is: ${name}`)
  return Number(name) === nodeId ? null : invalid(`Unexpected broker id, expected ${nodeId}, but received ${name}`)
}

function notWhileRunning(given: readonly AlteredConfig[]): Refusal | null {
  if (given.length === 0) return null
  return invalid(`Cannot update these configs dynamically, they are read when the broker starts: ${namesOf(given)}`)
}

function namesOf(configs: readonly AlteredConfig[]): string {
  return configs.map(({ name }) => name).join(', ')
}

function invalid(message: string): Refusal {
  return { error: ErrorCode.InvalidRequest, message }
}
