// The border kept by plain Node, for one shard: no add-on to build, no promise of speed. Same contracts, same results.
//
// `wake.ts` takes the doorbell's place (every doorbell is -1), and threads are not pinned.
import type { Native } from '../contract.ts'
import { StandInAcceptor } from './acceptor.ts'
import { StandInBatchValidator } from './batch.ts'
import { crc32c } from './crc32c.ts'
import { StandInDiskQueue } from './disk-queue.ts'
import { StandInReactor } from './reactor.ts'
import { wake } from './wake.ts'

export const standIn: Native = {
  kind: 'stand-in',
  createReactor: (tables, onTick) => new StandInReactor(tables, onTick),
  createAcceptor: (onAccepted) => new StandInAcceptor(onAccepted),
  createDiskQueue: (arenas, progress, _doorbell, alignedBytesMax) =>
    new StandInDiskQueue(arenas, progress, alignedBytesMax),
  createBatchValidator: (arenas) => new StandInBatchValidator(arenas),
  crc32c,
  ringDoorbell: wake,
  pinThread() {},
}
