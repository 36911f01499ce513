// The groups of one partition of __consumer_offsets, by id.

import type { Group } from './group.ts'

export class Groups {
  readonly #byId = new Map<string, Group>()
  readonly #make: (id: string) => Group

  constructor(make: (id: string) => Group) {
    this.#make = make
  }

  find(id: string): Group | undefined {
    return this.#byId.get(id)
  }

  ensure(id: string): Group {
    let group = this.#byId.get(id)
    if (!group) {
      group = this.#make(id)
      this.#byId.set(id, group)
    }
    return group
  }

  forgetIfBlank(group: Group): void {
    if (group.isBlank) this.#byId.delete(group.id)
  }

  delete(group: Group): void {
    this.#byId.delete(group.id)
  }

  all(): IterableIterator<Group> {
    return this.#byId.values()
  }
}
