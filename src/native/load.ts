// Picks the implementation of the border: the C++ add-on, or with MILLRACE_NATIVE=off the pure-Node stand-in.
//
// Called once a thread. A missing add-on is an error, never a silent step down to the slow implementation; an add-on
// built from other sources than this JavaScript is found out by its constants.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { assert } from '../lib/assert.ts'
import type {
  Acceptor,
  ArenaBytes,
  BatchValidator,
  DiskQueue,
  Native,
  OnAccepted,
  OnTick,
  Reactor,
  ReactorTables,
} from './contract.ts'
import * as contract from './contract.ts'
import { standIn } from './stand-in/stand-in.ts'

/** What the add-on's module table holds. */
export interface Addon extends Pick<Native, 'crc32c' | 'ringDoorbell' | 'pinThread'> {
  readonly constants: Readonly<Record<string, number>>
  readonly Reactor: new (tables: ReactorTables, onTick: OnTick) => Reactor
  readonly Acceptor: new (onAccepted: OnAccepted) => Acceptor
  readonly DiskQueue: new (
    arenas: readonly ArenaBytes[],
    progress: Int32Array,
    doorbell: number,
    alignedBytesMax: number,
  ) => DiskQueue
  readonly BatchValidator: new (arenas: readonly ArenaBytes[]) => BatchValidator
  /** `crc32c` by tables, whatever the CPU: for the tests. */
  readonly crc32cSoftware: Native['crc32c']
}

/** `src/native` and `dist/native` lie equally deep below the package. */
const built = fileURLToPath(new URL('../../build/Release/millrace.node', import.meta.url))

export function addonPath(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.MILLRACE_ADDON || built
}

export function loadNative(environment: NodeJS.ProcessEnv = process.env): Native {
  const wanted = environment.MILLRACE_NATIVE
  if (wanted === 'off') return standIn
  if (wanted !== undefined && wanted !== '' && wanted !== 'on') {
    throw new Error(`MILLRACE_NATIVE is '${wanted}': expected 'on' or 'off'`)
  }
  return fromAddon(loadAddon(addonPath(environment)))
}

/** The bare module at `path`, its constants checked. */
export function loadAddon(path: string = addonPath()): Addon {
  if (!existsSync(path)) {
    throw new Error(
      `the native add-on is not there (${path}). Build it with 'npm run build:native', which needs a C++20 compiler, ` +
        'make and Python 3, or set MILLRACE_NATIVE=off to run the slow pure-Node stand-in.',
    )
  }
  const addon = createRequire(import.meta.url)(path) as Addon
  checkConstants(addon.constants)
  return addon
}

export function checkConstants(constants: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(contract)) {
    assert(constants[name] === value, `the add-on has ${name} = ${constants[name]}, the contract ${value}: rebuild it`)
  }
}

function fromAddon(addon: Addon): Native {
  return {
    kind: 'addon',
    createReactor: (tables, onTick) => new addon.Reactor(tables, onTick),
    createAcceptor: (onAccepted) => new addon.Acceptor(onAccepted),
    createDiskQueue: (arenas, progress, doorbell, alignedBytesMax) =>
      new addon.DiskQueue(arenas, progress, doorbell, alignedBytesMax),
    createBatchValidator: (arenas) => new addon.BatchValidator(arenas),
    crc32c: addon.crc32c,
    ringDoorbell: addon.ringDoorbell,
    pinThread: addon.pinThread,
  }
}
