// What a client's program in JavaScript says on stdout, and how it is told to end. A line is a record (partition, offset
// and value with a space between) or an event, as JSON:
//
//   assigned, revoked, lost { partitions }   what changes hands; not all that the consumer has
//   error { message }                        something that the client told and lived with
//   done { count }   left                    the producer has delivered its lines; the consumer has closed in good order
import { readFileSync, writeSync } from 'node:fs'

export const [verb, parameters] = [process.argv[2], JSON.parse(process.argv[3])]

export function say(event, details = {}) {
  write(Buffer.from(`${JSON.stringify({ event, ...details })}\n`))
}

/** All of them are out of this process when it returns: what is committed after that, was seen. */
export function sayRecords(records) {
  const parts = []
  for (const { partition, offset, value } of records) {
    parts.push(Buffer.from(`${partition} ${offset} `), value, Buffer.from('\n'))
  }
  write(Buffer.concat(parts))
}

/** Resolves when the driver wants the program to leave in good order. */
export function untilStopped() {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
  })
}

/** The lines of the file to produce, without their newlines: of each partition its own, in order. */
export function linesByPartition({ file, partitions }) {
  const all = readFileSync(file)
  const lines = Array.from({ length: partitions }, () => [])
  let number = 0
  for (let start = 0; start < all.length; ) {
    const newline = all.indexOf(10, start)
    const end = newline < 0 ? all.length : newline
    lines[number++ % partitions].push(all.subarray(start, end))
    start = end + 1
  }
  return lines
}

function write(bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}
