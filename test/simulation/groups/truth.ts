// What must hold, whatever happens, told by the clients' own callbacks and by what they were answered.
import type { Partition } from './assignors.ts'

/** A claim on a group's partition, as a consumer makes it between its assign and revoke callbacks. */
export interface Owner {
  readonly name: string
  readonly memberId: string
  /** A static member's instance: who comes back under it is the same owner, and the one before is fenced. */
  readonly identity: string
  readonly owned: ReadonlySet<Partition>
  /** Where it was in each. Absent until its committed offset was fetched. */
  readonly positions: ReadonlyMap<Partition, number>
  /** The generation of its last assignment; -1: it has none. */
  readonly ownedGeneration: number
  /** The highest generation whose JoinGroup answer it has seen, of those it has not left. */
  readonly joinedGeneration: number
  /** Which life of the coordinator gave that answer: one that died before the assignment was written counts it again. */
  readonly joinedLife: number
  /** Which life of the group it is a member of: one that is deleted counts its generations anew. */
  readonly incarnation: number
}

export class Truth {
  readonly violations: string[] = []
  moves = 0
  commits = 0
  generations = 0
  readonly #ownerIn = new Map<string, string>()
  readonly #committed = new Map<string, number>()
  /** By group, incarnation and generation: who is in it, as its leader was told, and in which life of the coordinator. */
  readonly #members = new Map<string, { readonly ids: Set<string>; readonly life: number }>()
  /** Generations in which a static member took another's place. */
  readonly #inherited = new Set<string>()

  fail(what: string): void {
    this.violations.push(what)
  }

  led(group: string, leader: Owner, generation: number, memberIds: readonly string[]): void {
    this.#members.set(keyOf(group, leader, generation), {
      ids: new Set(memberIds),
      life: leader.joinedLife,
    })
  }

  /** Whether a static member of this owner's generation took another's place. */
  isInherited(group: string, owner: Owner): boolean {
    return this.#inherited.has(keyOf(group, owner, owner.ownedGeneration))
  }

  /**
   * One owner per partition and generation; and none that has joined the generation may still hold it, unless it has it
   * from a later one: then it is this owner that was expelled before it read its assignment, and its commits are fenced.
   */
  assigned(
    group: string,
    owner: Owner,
    added: readonly Partition[],
    generation: number,
    others: readonly Owner[],
  ): void {
    this.generations = Math.max(this.generations, generation)
    const key = keyOf(group, owner, generation)
    for (const partition of owner.owned) {
      const other = this.#ownerIn.get(`${key} ${partition}`)
      if (other !== undefined && other !== owner.identity)
        this.fail(`${group}: ${partition} of generation ${generation} belongs to ${other} and to ${owner.name}`)
      this.#ownerIn.set(`${key} ${partition}`, owner.identity)
    }
    const members = this.#members.get(key)
    if (members && !members.ids.has(owner.memberId)) this.#inherited.add(key)
    members?.ids.add(owner.memberId)
    for (const partition of added) {
      this.moves++
      for (const other of others)
        if (
          other.identity !== owner.identity &&
          members?.ids.has(other.memberId) &&
          other.joinedLife >= members.life &&
          other.joinedGeneration >= generation &&
          other.ownedGeneration <= generation &&
          other.owned.has(partition)
        )
          this.fail(`${group}: ${other.name} still holds ${partition} when ${owner.name} gets it in ${generation}`)
    }
  }

  /**
   * What a static member has kept since `before`, though it was someone else's in between: it was silent for a generation,
   * the leader knew only what it claimed when it had last joined, and no one can know that its next claim is old. Each
   * commit came in its turn, but the one who kept its position goes on from there.
   */
  kept(group: string, owner: Owner, partitions: readonly Partition[], before: number, generation: number): void {
    for (const partition of partitions)
      for (let between = before + 1; between < generation; between++) {
        const other = this.#ownerIn.get(`${keyOf(group, owner, between)} ${partition}`)
        if (other === undefined || other === owner.identity) continue
        const acked = this.acked(group, partition)
        this.#committed.set(`${group} ${partition}`, Math.min(acked, owner.positions.get(partition) ?? acked))
      }
  }

  committed(group: string, partition: Partition, offset: number): void {
    this.commits++
    const key = `${group} ${partition}`
    const before = this.#committed.get(key) ?? -1
    if (offset < before) this.fail(`${group}: ${partition} is committed at ${offset} after ${before}`)
    this.#committed.set(key, Math.max(before, offset))
  }

  fetched(group: string, partition: Partition, offset: number, ackedWhenAsked: number): void {
    if (offset < ackedWhenAsked) this.fail(`${group}: ${partition} was committed at ${ackedWhenAsked}, found ${offset}`)
  }

  acked(group: string, partition: Partition): number {
    return this.#committed.get(`${group} ${partition}`) ?? -1
  }
}

const keyOf = (group: string, { incarnation }: Owner, generation: number): string =>
  `${group} ${incarnation} ${generation}`
