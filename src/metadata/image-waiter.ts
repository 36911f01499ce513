// Lets a handler wait until its thread's image has what another thread's answer told it about. Owned by the image's
// thread. Bounded by the requests in flight, each of which waits at most once.
import type { MetadataImage } from './image.ts'

export class ImageWaiter {
  private readonly image: MetadataImage
  private waiting: { offset: number; resolve: () => void }[] = []

  constructor(image: MetadataImage) {
    this.image = image
    image.listen({ batchApplied: (offset) => this.wake(offset) })
  }

  /** Resolves when the image has everything up to and including `offset`. */
  reached(offset: number): Promise<void> {
    if (this.image.offset >= offset) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push({ offset, resolve }))
  }

  private wake(offset: number): void {
    if (this.waiting.length === 0) return
    const due = this.waiting.filter((each) => each.offset <= offset)
    this.waiting = this.waiting.filter((each) => each.offset > offset)
    for (const { resolve } of due) resolve()
  }
}
