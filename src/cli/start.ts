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

/** Resolves at the first signal, also one that comes while the broker starts; a second one ends the process as it is. */
function onceAsked(host: Host, log: Log): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false
    host.onSignal((name) => {
      if (isAsked) {
        host.writeError(`millrace: ${name} again: stopped without a controlled shutdown`)
        return host.exit(1)
      }
      isAsked = true
      log.info(`${name}: shutting down`)
      resolve()
    })
  })
}
