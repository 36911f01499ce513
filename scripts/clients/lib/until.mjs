// Waiting for something that other processes bring about.

/** Conditions that are looked at after every change: `changed()` says that there was one. */
export class Changes {
  #waiting = new Set()

  changed = () => {
    for (const check of this.#waiting) check()
  }

  /** Resolves when `condition()` holds; rejects after `ms` with `what()` and what `story()` tells. */
  until(condition, ms, what, story) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        this.#waiting.delete(check)
        clearTimeout(timer)
        settle(value)
      }
      const check = () => {
        try {
          if (condition()) finish(resolve)
        } catch (error) {
          finish(reject, error)
        }
      }
      const timer = setTimeout(() => finish(reject, new Error(`${what()} after ${ms / 1000} s\n${story()}`)), ms)
      this.#waiting.add(check)
      check()
    })
  }
}
