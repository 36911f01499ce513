// Which way imports run: `src/` is layers of folders, each of which knows only those below it.
import type { Source } from './source-files.ts'

/** From the bottom up. A folder may import its own layer and those below; a file of src/ itself is at the top. */
const LAYERS: readonly (readonly string[])[] = [
  ['model', 'lib'],
  ['config'],
  ['native', 'ring', 'wire', 'memory', 'observe'],
  ['journal', 'log', 'client'],
  ['metadata', 'raft', 'controller', 'coordinator', 'replication', 'security'],
  ['api'],
  ['shard'],
  ['net'],
  ['engine', '', 'cli'],
]

/** Machines: a step from an event to effects. Their drivers, which carry effects out, are named `…driver.ts`. */
const PURE_FOLDERS = new Set(['metadata', 'raft', 'controller', 'coordinator', 'replication'])
const PURE_MAY_IMPORT =
  /^src\/(model|config|metadata|raft|controller|coordinator|replication|wire)\/|^src\/lib\/(?!real-)/

export function folderOf(path: string): string {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1]! : ''
}

export function isPure(path: string): boolean {
  return PURE_FOLDERS.has(folderOf(path)) && !path.endsWith('driver.ts')
}

export function upwardImports(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) => {
    const layer = layerOf(path)
    if (layer < 0) return [`${path} is in a folder that has no layer`]
    return imports
      .filter(({ target, isOurs }) => isOurs && target.startsWith('src/') && layerOf(target) > layer)
      .map(({ target }) => `${path} imports ${target}, which is above it`)
  })
}

export function impureImports(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => isPure(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target, isOurs }) => !isOurs || !PURE_MAY_IMPORT.test(target))
        .map(({ target }) => `${path} is a pure machine and imports ${target}`),
    )
}

/** Of what is left when types are gone: two files may speak of each other's types. */
export function importCycles(sources: readonly Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(({ isOurs, isTypeOnly }) => isOurs && !isTypeOnly).map(({ target }) => target),
    ]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' → '))
    if (at >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return cycles
}

function layerOf(path: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folderOf(path)))
}
