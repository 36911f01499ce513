// Work of which only so much may be under way at a time.

/** Runs `action` on every item, `limit` at once. Rejects with the first failure; nothing new is begun after it. */
export async function forEachLimited<Item>(
  items: Iterable<Item>,
  limit: number,
  action: (item: Item) => Promise<unknown>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  let isFailed = false
  const runner = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && !isFailed; next = rest.next()) {
      try {
        await action(next.value)
      } catch (error) {
        isFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, runner))
}
