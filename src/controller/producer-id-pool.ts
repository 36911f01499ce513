// Hands out producer ids one by one from blocks that the controller allocates. Owned by one thread.
//
// Invariants: no id is handed out twice; at most one allocation is under way, and whoever comes meanwhile shares it. The
//             rest of a block is lost with the process: ids are many.
import type { AnswerOf, Refusal } from './commands.ts'

export type Allocate = () => Promise<AnswerOf<'allocate-producer-ids'>>

export class ProducerIdPool {
  private readonly allocate: Allocate
  private next = 0
  private end = 0
  private allocating: Promise<Refusal | null> | null = null

  constructor(allocate: Allocate) {
    this.allocate = allocate
  }

  async take(): Promise<number | Refusal> {
    while (this.next === this.end) {
      this.allocating ??= this.refill()
      const refusal = await this.allocating
      if (refusal !== null) return refusal
    }
    return this.next++
  }

  private async refill(): Promise<Refusal | null> {
    try {
      const answer = await this.allocate()
      if (answer.refusal !== null) return answer.refusal
      this.next = answer.first
      this.end = answer.first + answer.count
      return null
    } finally {
      this.allocating = null
    }
  }
}
