// A client whose program is one file that speaks the protocol of these runs: `PROGRAM produce|consume PARAMETERS`.
import { runToEnd } from '../../verify/lib/process.mjs'

/** The produce and consume of a client; `start(place)` is the program's command and environment. */
export function byProgram(start) {
  return {
    async produce(place, parameters) {
      const { command, env } = start(place)
      await runToEnd([...command, 'produce', JSON.stringify(parameters)], { env })
    },
    consume(place, parameters) {
      const { command, env } = start(place)
      return { command: [...command, 'consume', JSON.stringify(parameters)], env }
    },
  }
}
