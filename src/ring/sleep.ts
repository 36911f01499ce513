// Who sleeps, and how they are woken. A thread is woken only if it said that it sleeps, so that a busy peer costs no
// system call.
//
// The order that loses no wake-up: the sleeper stores its flag, then looks at its rings once more; the waker
// publishes, then takes the flag. Both steps are sequentially consistent, so at least one sees the other's.
const WORDS_A_THREAD = 16 // a cache line each

export function createSleepMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * WORDS_A_THREAD * 4)
}

export class SleepFlags {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  /** Says that `thread` is about to sleep. It must look for work once more after this. */
  fallAsleep(thread: number): void {
    Atomics.store(this.#words, thread * WORDS_A_THREAD, 1)
  }

  awake(thread: number): void {
    Atomics.store(this.#words, thread * WORDS_A_THREAD, 0)
  }

  /** True for the one waker that must ring the sleeper's doorbell. Call after publishing. */
  mustWake(thread: number): boolean {
    const word = thread * WORDS_A_THREAD
    return Atomics.load(this.#words, word) === 1 && Atomics.exchange(this.#words, word, 0) === 1
  }
}
