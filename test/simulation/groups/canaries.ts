// Bugs put into the machine on purpose. Each must be found, or the simulation looks the wrong way.
import { Group } from '../../../src/coordinator/group.ts'
import type { GroupRequestEvent } from '../../../src/coordinator/group-border.ts'
import { Rebalances } from '../../../src/coordinator/rebalance.ts'
import type { Canary } from './coordinator.ts'

const OFFSET_COMMIT = 8
const HEARTBEAT = 12
const ILLEGAL_GENERATION = 22
const UNKNOWN_MEMBER_ID = 25
const FENCED_INSTANCE_ID = 82
const REFUSALS = [ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID]

/** Puts a method in another's place; returns how to undo it. */
function replace<Name extends string>(prototype: object, name: Name, make: (original: never) => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)!
  const changed =
    'get' in original && original.get ? { get: make(original.get as never) } : { value: make(original.value as never) }
  Object.defineProperty(prototype, name, { ...changed, configurable: true } as PropertyDescriptor)
  return () => void Object.defineProperty(prototype, name, original)
}

const isHeartbeat = ({ apiKey }: GroupRequestEvent): boolean => apiKey === HEARTBEAT

/** What the bug is → the bug, and within how many seeds it is found. */
export const CANARIES: Readonly<Record<string, { readonly seeds: number; readonly canary: Canary }>> = {
  'a commit is answered before it is durable': { seeds: 20, canary: { answersBeforeAppend: true } },
  'an assignment is answered before it is durable': { seeds: 200, canary: { answersGroupsBeforeAppend: true } },
  'an append that failed counts as done': { seeds: 20, canary: { ignoresFailedAppends: true } },
  'tombstones are not written': { seeds: 20, canary: { dropsTombstones: true } },
  'a topic that is created again inherits offsets': { seeds: 20, canary: { seesOneTopicId: true } },
  'a heartbeat of someone unknown is good': {
    seeds: 20,
    canary: {
      answer: (event, response) => {
        if (isHeartbeat(event) && response.errorCode === UNKNOWN_MEMBER_ID) response.errorCode = 0
      },
    },
  },
  'a static member that was replaced is not fenced': {
    seeds: 50,
    canary: {
      answer: (_event, response) => {
        if (response.errorCode === FENCED_INSTANCE_ID) response.errorCode = 0
      },
    },
  },
  'a commit is answered well whoever asks': {
    seeds: 50,
    canary: {
      answer: (event, response) => {
        if (event.apiKey !== OFFSET_COMMIT) return
        for (const { partitions } of response.topics as { partitions: { errorCode: number }[] }[])
          for (const partition of partitions) if (REFUSALS.includes(partition.errorCode)) partition.errorCode = 0
      },
    },
  },
  'the generation stays what it was': {
    seeds: 20,
    canary: {
      install: () =>
        replace(
          Group.prototype,
          'startGeneration',
          (original: (wallMs: number) => void) =>
            function (this: Group, wallMs: number): void {
              if (this.generation > 0) this.generation--
              original.call(this, wallMs)
            },
        ),
    },
  },
  'offsets of a group that lives expire': {
    seeds: 20,
    canary: { install: () => replace(Group.prototype, 'isSubscribedTo', () => () => false) },
  },
  'sessions never end': {
    seeds: 20,
    canary: {
      install: () => replace(Rebalances.prototype, 'renewSession', () => (): void => {}),
    },
  },
  'a rebalance does not wait for those who have joined before': {
    seeds: 20,
    canary: { install: () => replace(Group.prototype, 'allHaveJoined', () => () => true) },
  },
  'a SyncGroup of a rebalance that is broken off is answered well': {
    seeds: 200,
    canary: {
      install: () =>
        replace(
          Rebalances.prototype,
          'failSyncs',
          () =>
            function (this: Rebalances, group: Group): void {
              for (const member of group.members.values()) this.answerSync(group, member, 0)
            },
        ),
    },
  },
}
