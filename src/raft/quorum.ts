// The quorum of the metadata log: who leads, in which epoch, and up to where the log is committed. Pure; its driver
// carries the effects out in order, and that order is what keeps the promise: a vote is on disk before it counts, and
// records are on disk before they are committed.
//
// Majorities are counted over the voter set. A quorum of more than one needs the effects and events that talk to the
// others, so for now the set is this node alone; that is asserted, not assumed.
//
// Invariants: the epoch never goes back, and at most one candidate gets this node's vote in it, also after a restart.
//             The high watermark never goes back, and is only moved by a majority that holds a record of the leader's
//             own epoch (an older record on a majority of disks may still be replaced; Raft §5.4.2).
import { assert } from '../lib/assert.ts'
import { NO_BROKER } from '../model/ids.ts'
import { type Uuid, ZERO_UUID } from '../model/uuid.ts'

/** What must survive a restart: Kafka's `quorum-state`. */
export interface ElectionState {
  readonly leaderEpoch: number
  /** -1 while unknown. */
  readonly leaderId: number
  /** -1 if no vote was given in this epoch. */
  readonly votedId: number
  readonly votedDirectoryId: Uuid
}

export interface Voter {
  readonly id: number
  readonly directoryId: Uuid
}

export type QuorumRole =
  | { readonly role: 'unattached' }
  | { readonly role: 'candidate'; readonly granting: ReadonlySet<number> }
  | { readonly role: 'leader'; readonly epochStart: number; readonly durableEnds: ReadonlyMap<number, number> }

export type QuorumEvent =
  /** Once, first. `persisted` is null on a new node; `logEnd` is the offset after the recovered, synced log. */
  | { type: 'started'; persisted: ElectionState | null; lastEpoch: number; logEnd: number }
  /** What the last 'persist' asked for is on disk. */
  | { type: 'persisted' }
  /** Everything below `logEnd` is on this node's disk. */
  | { type: 'synced'; logEnd: number }

export type QuorumEffect =
  | { type: 'persist'; state: ElectionState }
  /** The first record of the epoch; its offset is the end of the log as it was. */
  | {
      type: 'append-leader-change'
      epoch: number
      leaderId: number
      voters: readonly Voter[]
      granting: readonly Voter[]
    }
  /** Records appended from here on bear this epoch. */
  | { type: 'lead'; epoch: number }
  /** Everything below `to` is committed. */
  | { type: 'commit'; to: number }

export class Quorum {
  private readonly self: Voter
  private readonly voters: readonly Voter[]
  private state: QuorumRole = { role: 'unattached' }
  private election: ElectionState = {
    leaderEpoch: 0,
    leaderId: NO_BROKER,
    votedId: NO_BROKER,
    votedDirectoryId: ZERO_UUID,
  }
  private logEnd = 0
  private committedTo = 0

  constructor(self: Voter, voters: readonly Voter[]) {
    assert(voters.length === 1 && voters[0]!.id === self.id, 'for now the quorum is this node alone')
    this.self = self
    this.voters = voters
  }

  get role(): QuorumRole['role'] {
    return this.state.role
  }

  get epoch(): number {
    return this.election.leaderEpoch
  }

  get leaderId(): number {
    return this.election.leaderId
  }

  get highWatermark(): number {
    return this.committedTo
  }

  step(event: QuorumEvent, effects: QuorumEffect[]): void {
    switch (event.type) {
      case 'started':
        this.start(event.persisted, event.lastEpoch, event.logEnd, effects)
        break
      case 'persisted':
        this.persisted(effects)
        break
      case 'synced':
        this.synced(event.logEnd, effects)
        break
    }
  }

  private start(persisted: ElectionState | null, lastEpoch: number, logEnd: number, effects: QuorumEffect[]): void {
    this.logEnd = logEnd
    // A lost quorum-state must not let an epoch come twice: the log knows it too.
    const epoch = Math.max(persisted?.leaderEpoch ?? 0, lastEpoch)
    this.election = { ...this.election, leaderEpoch: epoch }
    // No other voter can be leading, so there is no election timeout to wait for.
    this.stand(effects)
  }

  /** A candidate votes for itself; the vote counts once it is on disk. */
  private stand(effects: QuorumEffect[]): void {
    this.state = { role: 'candidate', granting: new Set() }
    this.election = {
      leaderEpoch: this.election.leaderEpoch + 1,
      leaderId: NO_BROKER,
      votedId: this.self.id,
      votedDirectoryId: this.self.directoryId,
    }
    effects.push({ type: 'persist', state: this.election })
  }

  private persisted(effects: QuorumEffect[]): void {
    if (this.state.role !== 'candidate') return
    const granting = new Set([...this.state.granting, this.self.id])
    this.state = { role: 'candidate', granting }
    if (granting.size >= majorityOf(this.voters.length)) this.lead(granting, effects)
  }

  private lead(granting: ReadonlySet<number>, effects: QuorumEffect[]): void {
    const { id: leaderId } = this.self
    const epoch = this.election.leaderEpoch
    this.election = { ...this.election, leaderId }
    this.state = { role: 'leader', epochStart: this.logEnd, durableEnds: new Map() }
    effects.push(
      { type: 'persist', state: this.election },
      {
        type: 'append-leader-change',
        epoch,
        leaderId,
        voters: this.voters,
        granting: this.voters.filter(({ id }) => granting.has(id)),
      },
      { type: 'lead', epoch },
    )
  }

  private synced(logEnd: number, effects: QuorumEffect[]): void {
    assert(logEnd >= this.logEnd, 'what is on disk does not shrink')
    this.logEnd = logEnd
    if (this.state.role !== 'leader') return
    const durableEnds = new Map(this.state.durableEnds).set(this.self.id, logEnd)
    this.state = { ...this.state, durableEnds }
    const to = majorityEnd(this.voters.map(({ id }) => durableEnds.get(id) ?? 0))
    if (to <= this.state.epochStart || to <= this.committedTo) return
    this.committedTo = to
    effects.push({ type: 'commit', to })
  }
}

export function majorityOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1
}

/** The highest offset that a majority's logs reach. */
export function majorityEnd(ends: readonly number[]): number {
  return [...ends].sort((a, b) => b - a)[majorityOf(ends.length) - 1]!
}
