// What must hold, whatever happens, told by the clients' own callbacks and by what they were answered.
import type { Partition } from './assignors.ts'

/** A claim on a group's partition, as a consumer makes it between its assign and revoke callbacks. */
export interface Owner {
  readonly name: string
  readonly memberId: string
  /** A static member's instance: who comes back under it is the same owner, and the one before is fenced. */
  readonly identity: string
  readonly owned: ReadonlySet<Partition>
  /** The highest generation whose JoinGroup answer it has seen, of those it has not left. */
  readonly joinedGeneration: number
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
  /** By group, incarnation and generation: who is in it, as its leader was told. */
  readonly #members = new Map<string, ReadonlySet<string>>()

  fail(what: string): void {
    this.violations.push(what)
  }

  led(group: string, leader: Owner, generation: number, memberIds: readonly string[]): void {
    this.#members.set(`${group} ${leader.incarnation} ${generation}`, new Set(memberIds))
  }

  /** One owner per partition and generation; and none that is in the generation may still hold it. */
  assigned(
    group: string,
    owner: Owner,
    added: readonly Partition[],
    generation: number,
    others: readonly Owner[],
  ): void {
    this.generations = Math.max(this.generations, generation)
    for (const partition of owner.owned) {
      const key = `${group} ${owner.incarnation} ${generation} ${partition}`
      const other = this.#ownerIn.get(key)
      if (other !== undefined && other !== owner.identity)
        this.fail(`${group}: ${partition} of generation ${generation} belongs to ${other} and to ${owner.name}`)
      this.#ownerIn.set(key, owner.identity)
    }
    const members = this.#members.get(`${group} ${owner.incarnation} ${generation}`)
    for (const partition of added) {
      this.moves++
      for (const other of others)
        if (
          other.identity !== owner.identity &&
          members?.has(other.memberId) &&
          other.joinedGeneration >= generation &&
          other.owned.has(partition)
        )
          this.fail(`${group}: ${other.name} still holds ${partition} when ${owner.name} gets it in ${generation}`)
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
