// The groups of one partition of __consumer_offsets, by id.

import { GROUP_BYTES, type Group } from './group.ts'
import { type GroupMemory, textBytes } from './group-memory.ts'

export class Groups {
  readonly #byId = new Map<string, Group>()
  readonly #memory: GroupMemory
  readonly #make: (id: string, memory: GroupMemory) => Group

  constructor(memory: GroupMemory, make: (id: string, memory: GroupMemory) => Group) {
    this.#memory = memory
    this.#make = make
  }

  find(id: string): Group | undefined {
    return this.#byId.get(id)
  }

  /** Undefined: there is none, and no memory for another. */
  admit(id: string): Group | undefined {
    return this.#memory.hasRoomFor(GROUP_BYTES + textBytes(id)) ? this.ensure(id) : this.find(id)
  }

  ensure(id: string): Group {
    let group = this.#byId.get(id)
    if (!group) {
      group = this.#make(id, this.#memory.part())
      this.#byId.set(id, group)
    }
    return group
  }

  forgetIfBlank(group: Group): void {
    if (group.isBlank) this.delete(group)
  }

  delete(group: Group): void {
    if (this.#byId.get(group.id) !== group) return
    this.#byId.delete(group.id)
    group.memory.end()
  }

  all(): IterableIterator<Group> {
    return this.#byId.values()
  }
}
