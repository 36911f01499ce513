// The broker of this process: what the command line starts and stops.
import type { Settings } from './config/settings.ts'
import type { Log } from './observe/log.ts'

export interface Broker {
  /** What clients can connect to, with the ports that were bound. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  /** Resolves with what ended the broker, if something other than `shutDown` does. */
  readonly failed: Promise<Error>
  /** Controlled shutdown. */
  shutDown(): Promise<void>
}

export declare function startBroker(settings: Settings, log: Log): Promise<Broker>
