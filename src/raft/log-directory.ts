// What a log directory says of itself: Kafka's `meta.properties`. A new directory gets one, so that `millrace start` needs
// no format step; one that holds data but no meta.properties, or another node's, is refused.
//
// Control thread, at start.

import type { Env } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'
import { dirname, join } from '../lib/paths.ts'
import { isUuid, randomUuid, type Uuid } from '../model/uuid.ts'

const META_PROPERTIES = 'meta.properties'
const VERSION = '1'
/** What a new file system leaves in its root. */
const HARMLESS = new Set(['lost+found', `${META_PROPERTIES}.tmp`])

export interface LogDirectory {
  readonly path: string
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: Uuid
}

/** The directory can't be this node's; the message says what is wrong and where. */
export class LogDirectoryError extends Error {
  override name = 'LogDirectoryError'
}

export async function openLogDirectory(env: Env, path: string, nodeId: number): Promise<LogDirectory> {
  const { disk, random } = env
  const file = join(path, META_PROPERTIES)
  if (!(await disk.exists(path))) {
    await disk.makeDirectory(path)
    await disk.syncDirectory(dirname(path))
  }
  const text = await readSmallFile(disk, file)
  if (text !== null) return parse(path, file, text, nodeId)

  const found = (await disk.list(path)).find((name) => !HARMLESS.has(name))
  if (found !== undefined) {
    throw new LogDirectoryError(`${path} has no ${META_PROPERTIES}, but is not empty: it holds ${found}`)
  }
  const drawn = (count: number): Uint8Array => random.bytes(count)
  const created = { path, clusterId: randomUuid(drawn), nodeId, directoryId: randomUuid(drawn) }
  await replaceSmallFile(
    disk,
    file,
    `version=${VERSION}\ncluster.id=${created.clusterId}\nnode.id=${nodeId}\ndirectory.id=${created.directoryId}\n`,
  )
  return created
}

function parse(path: string, file: string, text: string, nodeId: number): LogDirectory {
  const properties = new Map(
    text
      .split('\n')
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]),
  )
  const required = (name: string): string => {
    const value = properties.get(name)
    if (value === undefined || value === '') throw new LogDirectoryError(`${file} lacks ${name}`)
    return value
  }
  if (required('version') !== VERSION) {
    throw new LogDirectoryError(`${file} has version ${required('version')}, but only ${VERSION} is known`)
  }
  if (required('node.id') !== String(nodeId)) {
    throw new LogDirectoryError(`${file} belongs to node ${required('node.id')}, but this is node ${nodeId}`)
  }
  const directoryId = required('directory.id')
  if (!isUuid(directoryId)) throw new LogDirectoryError(`${file}: directory.id ${directoryId} is no id`)
  return { path, clusterId: required('cluster.id'), nodeId, directoryId }
}
