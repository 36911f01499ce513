// What some rooms must not use: the clock and chance outside Env, BigInt where it is hot, timers where time is passed in.
import { folderOf, isPure } from './imports.ts'
import { isGenerated, type Source } from './source-files.ts'

const HOT_FOLDERS = new Set(['ring', 'wire', 'journal', 'log', 'memory', 'replication', 'shard', 'net', 'native'])

interface Ban {
  readonly names: ReadonlySet<string>
  readonly where: (path: string) => boolean
  readonly instead: string
}

const BANS: readonly Ban[] = [
  {
    names: new Set([
      'Date.now',
      'new Date()',
      'Math.random',
      'performance.now',
      'process.hrtime',
      'process.hrtime.bigint',
    ]),
    where: (path) => path !== 'src/lib/real-env.ts' && !['cli', 'observe'].includes(folderOf(path)),
    instead: 'time and chance come from Env or as arguments',
  },
  {
    names: new Set(['BigInt', 'BigInt64Array', 'BigUint64Array']),
    where: (path) => HOT_FOLDERS.has(folderOf(path)),
    instead: 'int64 values are numbers in hot folders',
  },
  {
    names: new Set(['setTimeout', 'setInterval', 'setImmediate']),
    where: (path) => isPure(path) || (HOT_FOLDERS.has(folderOf(path)) && !path.startsWith('src/native/')),
    instead: "deadlines belong to the thread's duty cycle",
  },
  { names: new Set(['console']), where: () => true, instead: 'there is a log' },
]

export function bannedUses(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, uses }) => {
    const bans = BANS.filter(({ where }) => where(path) && !isGenerated(path))
    return uses.flatMap(({ name, line }) =>
      bans.filter(({ names }) => names.has(name)).map(({ instead }) => `${path}:${line} uses ${name}: ${instead}`),
    )
  })
}
