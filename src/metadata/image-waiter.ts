// Lets a handler wait until its thread's image has what another thread's answer told it about. Owned by the image's
// thread.
import { OffsetWaiters } from '../lib/offset-waiters.ts'
import type { MetadataImage } from './image.ts'

export class ImageWaiter {
  readonly #image: MetadataImage
  readonly #waiters = new OffsetWaiters()

  constructor(image: MetadataImage) {
    this.#image = image
    image.listen({ batchApplied: (offset) => this.#waiters.reach(offset) })
  }

  /** Resolves when the image has everything up to and including `offset`. */
  reached(offset: number): Promise<void> {
    return this.#image.offset >= offset ? Promise.resolve() : this.#waiters.wait(offset)
  }
}
