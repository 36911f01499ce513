// The border kept by plain Node, for one shard: no add-on to build, no promise of speed. Same contracts, same results.
//
// `wake.ts` takes the doorbell's place (every doorbell is -1), and threads are not pinned.
import type { Native } from '../contract.ts'
import { StandInAcceptor } from './acceptor.ts'
import { crc32c } from './crc32c.ts'
import { StandInReactor } from './reactor.ts'
import { wake } from './wake.ts'

function absent(noun: string): never {
  throw new Error(`the stand-in has no ${noun}`)
}

export const standIn: Native = {
  kind: 'stand-in',
  createReactor: (tables, onTick) => new StandInReactor(tables, onTick),
  createAcceptor: (onAccepted) => new StandInAcceptor(onAccepted),
  createDiskQueue: () => absent('disk queue'),
  createBatchValidator: () => absent('batch validator'),
  crc32c,
  ringDoorbell: wake,
  pinThread() {},
}
