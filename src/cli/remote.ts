// Commands that speak to a running broker: where it is, how answers are shown, and how it ends.
//
// Exit code 0: done. 1: the broker refused, or could not be reached; why is on stderr, a line for each thing refused.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { Client, RefusedError } from '../client/client.ts'
import { type Address, ConnectionError } from '../client/connection.ts'
import { errorName } from '../model/error-codes.ts'

const BOOTSTRAP = '127.0.0.1:9092'
export const CLIENT = { clientId: 'millrace-cli' }

/** What a command needs of its process. */
export interface Terminal {
  writeOut(line: string): void
  writeError(line: string): void
  setExitCode(code: number): void
}

export interface RemoteOptions {
  readonly bootstrap: readonly Address[]
  readonly json?: boolean
}

/** What a command found out: as data for programs, as text for people. */
export interface Result {
  readonly json: unknown
  readonly text: string
  /** What the broker refused of a request of several parts. */
  readonly refusals?: readonly string[]
}

export function remote(command: Command): Command {
  return command
    .addOption(
      new Option('-b, --bootstrap <host:port,...>', 'a broker; of several the first that can be reached')
        .default(parseBootstrap(BOOTSTRAP), BOOTSTRAP)
        .argParser(parseBootstrap),
    )
    .option('--json', 'answer in JSON')
}

export function parseBootstrap(text: string): Address[] {
  return text.split(',').map((address) => {
    const [, bracketed, host = bracketed, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:]+)):(\d{1,5})$/.exec(address) ?? []
    if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError(`${address} is not host:port.`)
    return { host, port: Number(port) }
  })
}

export interface NamedValue {
  readonly name: string
  readonly value: string
}

/** For an option or argument of configs that may be repeated. */
export function collectConfig(text: string, earlier: readonly NamedValue[] = []): NamedValue[] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It is not name=value.')
  return [...earlier, { name: text.slice(0, at), value: text.slice(at + 1) }]
}

export async function runRemote(
  { bootstrap, json = false }: RemoteOptions,
  terminal: Terminal,
  action: (client: Client) => Promise<Result>,
): Promise<void> {
  try {
    const client = await connectToFirst(bootstrap)
    try {
      const result = await action(client)
      const out = json ? JSON.stringify(result.json, null, 2) : result.text
      if (out !== '') terminal.writeOut(out)
      for (const refusal of result.refusals ?? []) terminal.writeError(`millrace: ${refusal}`)
      if (result.refusals?.length) terminal.setExitCode(1)
    } finally {
      client.close()
    }
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof ConnectionError)) throw error
    terminal.writeError(`millrace: ${error.message}`)
    terminal.setExitCode(1)
  }
}

/** `subject: words (ERROR_NAME)`, or nothing if it was not refused. */
export function refusalOf(subject: string, code: number, words: string | null): string[] {
  if (code === 0) return []
  return [words === null ? `${subject}: ${errorName(code)}` : `${subject}: ${words} (${errorName(code)})`]
}

async function connectToFirst(addresses: readonly Address[]): Promise<Client> {
  const failures: string[] = []
  for (const address of addresses) {
    try {
      return await Client.connect(address, CLIENT)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      failures.push(error.message)
    }
  }
  throw new ConnectionError(failures.join('\nmillrace: '))
}
