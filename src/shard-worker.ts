// A shard's worker thread.
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from './lib/assert.ts'
import { runShard } from './shard-thread.ts'

assert(parentPort !== null, 'a shard runs in a worker thread')
runShard(workerData, parentPort)
