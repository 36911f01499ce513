// Paths as text, for code that a simulator runs too and so can't ask node:path. Linux only: '/' separates.

export function join(...parts: readonly string[]): string {
  return parts.join('/')
}

export function dirname(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : path.slice(0, slash)
}
