// Loaded into a broker with --require: from a SIGUSR2 on each worker thread samples what it allocates, collected objects
// included, and writes the profile when it ends. Reads only; the broker's own code runs as it is.
const { writeFileSync } = require('node:fs')
const { Session } = require('node:inspector')
const { join } = require('node:path')
const { BroadcastChannel, isMainThread, threadId } = require('node:worker_threads')

const SAMPLING_BYTES = 4096

const channel = new BroadcastChannel('heap-sampler')
channel.unref()

if (isMainThread) process.on('SIGUSR2', () => channel.postMessage('start'))
else {
  const session = new Session()
  session.connect()
  channel.onmessage = () => {
    session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
  }
  process.on('exit', () => {
    session.post('HeapProfiler.stopSampling', (error, result) => {
      if (error !== null) throw error
      const file = join(process.env.MILLRACE_HEAP_PROFILES, `thread-${threadId}.heapprofile`)
      writeFileSync(file, JSON.stringify(result.profile))
    })
  })
}
