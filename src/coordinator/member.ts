// A member of a classic group, and the requests of its that wait for an answer.

import type { JoinGroupRequestProtocol } from '../wire/generated/11-join-group.ts'
import { textBytes, VALUE_BYTES } from './group-memory.ts'
import type { GroupTimer } from './turn.ts'

export const NO_ASSIGNMENT = new Uint8Array(0)

/** What a member takes beside its texts and bytes. */
const MEMBER_BYTES = 1024

/** A request that waits: its token and the version its answer is written in; of the request itself nothing is kept. */
export interface WaitingRequest {
  readonly token: number
  readonly apiVersion: number
}

export interface MemberOptions {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly JoinGroupRequestProtocol[]
}

export class GroupMember {
  readonly id: string
  /** Not null: a static member (KIP-345), known by this name whatever its id. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference, no name twice. */
  protocols: readonly JoinGroupRequestProtocol[]
  assignment: Uint8Array = NO_ASSIGNMENT
  /** Has not seen the answer to its first JoinGroup, so it can't send heartbeats yet. */
  isNew = false
  join: WaitingRequest | null = null
  sync: WaitingRequest | null = null
  readonly session: GroupTimer

  constructor(options: MemberOptions, session: GroupTimer) {
    this.id = options.id
    this.instanceId = options.instanceId
    this.clientId = options.clientId
    this.clientHost = options.clientHost
    this.rebalanceTimeoutMs = options.rebalanceTimeoutMs
    this.sessionTimeoutMs = options.sessionTimeoutMs
    this.protocols = options.protocols
    this.session = session
  }

  get heldBytes(): number {
    return memberBytes(this) + this.assignment.length
  }

  /** Whether it is alive by having asked something that it waits for. */
  get isWaiting(): boolean {
    return !this.isNew && (this.join !== null || this.sync !== null)
  }

  metadataFor(protocolName: string | null): Uint8Array {
    return this.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_ASSIGNMENT
  }

  supportsSame(protocols: readonly JoinGroupRequestProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, i) => {
        const own = this.protocols[i]!
        return own.name === name && sameBytes(own.metadata, metadata)
      })
    )
  }
}

/** What a member takes in memory before it is assigned something. */
export function memberBytes({ id, instanceId, clientId, clientHost, protocols }: MemberOptions): number {
  const texts = textBytes(id) + textBytes(instanceId) + textBytes(clientId) + textBytes(clientHost)
  return MEMBER_BYTES + texts + protocolsBytes(protocols)
}

export function protocolsBytes(protocols: readonly JoinGroupRequestProtocol[]): number {
  let bytes = 0
  for (const { name, metadata } of protocols) bytes += VALUE_BYTES + textBytes(name) + metadata.length
  return bytes
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
