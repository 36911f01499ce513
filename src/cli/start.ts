// `millrace start`: from settings to a running broker, and from a signal to its end.
//
// Owns the process's signals and exit code: 0 after a shutdown that was asked for, 1 after anything else. On stdout there
// is one line, once clients can connect; all else goes to stderr.
import type { Broker } from '../broker.ts'
import { formatEndpoint } from '../config/listeners.ts'
import { loadSettings, type Settings, SettingsError, type SettingsSources } from '../config/settings.ts'
import type { Log, LogOptions } from '../observe/log.ts'

/** What `start` needs of the process and of the broker. */
export interface Host {
  readonly version: string
  createLog(options: LogOptions): Log
  startBroker(settings: Settings, log: Log): Promise<Broker>
  nowMs(): number
  onSignal(listener: (name: string) => void): void
  writeOut(line: string): void
  writeError(line: string): void
  exit(code: number): void
}

export async function start(sources: SettingsSources, host: Host): Promise<void> {
  const loaded = load(sources, host)
  if (!loaded) return host.exit(1)
  const { settings, warnings } = loaded
  const log = host.createLog({ level: settings['millrace.log.level'], thread: 'main' })
  for (const warning of warnings) log.warn({ component: 'config' }, warning)

  const asked = onceAsked(host, log)
  try {
    const broker = await host.startBroker(settings, log)
    const listeners = broker.listeners.map(formatEndpoint).join(', ')
    host.writeOut(`millrace ${host.version} node ${settings['node.id']} listening on ${listeners}`)
    const failure = await Promise.race([asked, broker.failed])
    if (failure) {
      log.fatal({ err: failure }, failure.message)
      return host.exit(1)
    }
    await broker.shutDown()
    log.info('shut down')
    host.exit(0)
  } catch (error) {
    log.debug({ err: error }, 'start or shutdown failed')
    host.writeError(`millrace: ${error instanceof Error ? error.message : String(error)}`)
    host.exit(1)
  }
}

function load(sources: SettingsSources, host: Host): ReturnType<typeof loadSettings> | undefined {
  try {
    return loadSettings(sources)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    for (const problem of error.problems) host.writeError(`millrace: ${problem}`)
    return undefined
  }
}

/** Under `npm start` one Ctrl-C is two signals: the terminal's, and npm's that passes it on. */
const SAME_SIGNAL_MS = 500

/** Resolves at the first signal, also one that comes while the broker starts; a second one ends the process as it is. */
function onceAsked(host: Host, log: Log): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | undefined
    host.onSignal((name) => {
      if (askedAtMs === undefined) {
        askedAtMs = host.nowMs()
        log.info(`${name}: shutting down`)
        resolve()
      } else if (host.nowMs() - askedAtMs >= SAME_SIGNAL_MS) {
        host.writeError(`millrace: ${name} again: stopped without a controlled shutdown`)
        host.exit(1)
      }
    })
  })
}
