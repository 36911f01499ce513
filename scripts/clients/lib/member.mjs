// A consumer in a process of its own, and what is known of it: the partitions that it owns, and how it ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SECONDS_MAX = 300
const ERRORS_KEPT = 4000

const running = new Set()
process.once('exit', () => {
  for (const member of running) member.kill()
})

export class Member {
  #child
  #onChange
  #translate
  #ledger
  /** Offset of the latest record by partition, since the partition was assigned. */
  #place = new Map()
  #stderr = ''
  name
  owned = new Set()
  /** Each assigned, revoked and lost, in order. */
  history = []
  errors = []
  ended = null

  /** `consumer` is { command, env, translate }; `onChange` is called after whatever it says. */
  constructor(name, consumer, ledger, onChange) {
    this.name = name
    this.#ledger = ledger
    this.#onChange = onChange
    this.#translate = consumer.translate ?? untranslated
    const [program, ...parameters] = consumer.command
    this.#child = spawn(program, parameters, {
      env: { ...process.env, ...consumer.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(this)
    const deadline = setTimeout(() => this.kill(), SECONDS_MAX * 1000)
    this.#listen('stdout')
    this.#listen('stderr')
    once(this.#child, 'close').then(
      ([code, signal]) => this.#end(deadline, code ?? signal),
      (error) => this.#end(deadline, error.message),
    )
  }

  /** What there is to know if something goes wrong. */
  get story() {
    const steps = this.history.map(({ event, partitions }) => `${event} ${partitions.join(',')}`).join('; ')
    const said = [...this.errors, this.#stderr.trim().split('\n').slice(-4).join(' | ')].filter((each) => each !== '')
    return `${this.name}: ${steps}${this.ended === null ? '' : `; ended with ${this.ended}`} ${said.join(' | ')}`.trim()
  }

  /** Asks it to leave in good order. */
  stop() {
    this.#child.kill('SIGTERM')
  }

  kill() {
    this.#child.kill('SIGKILL')
  }

  #end(deadline, how) {
    clearTimeout(deadline)
    running.delete(this)
    this.ended = how
    this.#onChange()
  }

  #listen(stream) {
    let rest = Buffer.alloc(0)
    this.#child[stream].on('data', (bytes) => {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      let start = 0
      for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, start)) {
        this.#onLine(all.subarray(start, end), stream)
        start = end + 1
      }
      rest = all.subarray(start)
      this.#onChange()
    })
  }

  #onLine(line, stream) {
    if (stream === 'stderr') this.#stderr = `${this.#stderr}${line}\n`.slice(-ERRORS_KEPT)
    const said = this.#translate(line, stream)
    if (said === null || said.length === 0) return
    if (Buffer.isBuffer(said)) this.#ledger.add(said, this.#place)
    else this.#onEvent(said)
  }

  #onEvent({ event, partitions, message }) {
    if (event === 'error') this.errors.push(message)
    if (partitions === undefined) return
    this.history.push({ event, partitions })
    for (const partition of partitions) {
      this.#place.delete(partition)
      if (event === 'assigned') this.owned.add(partition)
      else this.owned.delete(partition)
    }
  }
}

/** The programs of the clients speak it themselves: events as JSON on stdout, everything else there is a record. */
function untranslated(line, stream) {
  if (stream === 'stderr') return null
  return line[0] === 0x7b ? JSON.parse(line.toString()) : line
}
