// Loaded into a broker with --require: each worker thread samples what it allocates, collected objects included, and
// writes the profile when it ends. Reads only; the broker's own code runs as it is.
const { writeFileSync } = require('node:fs')
const { Session } = require('node:inspector')
const { join } = require('node:path')
const { isMainThread, threadId } = require('node:worker_threads')

const SAMPLING_BYTES = 4096

if (!isMainThread) {
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  process.on('exit', () => {
    session.post('HeapProfiler.stopSampling', (error, result) => {
      if (error !== null) throw error
      const file = join(process.env.MILLRACE_HEAP_PROFILES, `thread-${threadId}.heapprofile`)
      writeFileSync(file, JSON.stringify(result.profile))
    })
  })
}
