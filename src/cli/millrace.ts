#!/usr/bin/env node
// The millrace command.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addConfigCommands } from './config.ts'
import { addGroupCommands } from './group.ts'
import type { Terminal } from './remote.ts'
import { addTopicCommands } from './topic.ts'

// The same relative to src/cli and to dist/cli.
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const EXAMPLES = `
Examples:
  $ millrace start
  $ millrace start config/server.properties
  $ millrace start -o listeners=PLAINTEXT://127.0.0.1:19092 -o log.dirs=/var/lib/millrace`

const command = new Command('millrace')
  .description('A durable, partitioned append-only log that speaks the Kafka protocol.')
  .version(version, '-v, --version')

command
  .command('start')
  .description('Start a broker; it runs in the foreground until SIGINT or SIGTERM.')
  .argument('[server.properties]', "settings, by Kafka's names; without it node 1 on PLAINTEXT://127.0.0.1:9092")
  .option('-o, --override <key=value>', 'a setting that wins over the file; may be repeated', collect)
  .addHelpText('after', EXAMPLES)
  .action(runStart)

const terminal: Terminal = {
  writeOut: (line) => process.stdout.write(`${line}\n`),
  writeError: (line) => process.stderr.write(`${line}\n`),
  setExitCode: (code) => {
    process.exitCode = code
  },
}
addTopicCommands(command, terminal)
addConfigCommands(command, terminal)
addGroupCommands(command, terminal)

await command.parseAsync()

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value]
}

async function runStart(file: string | undefined, { override = [] }: { override?: string[] }): Promise<void> {
  // Loaded here, so that the other commands do not load the broker and the add-on.
  const [{ startBroker }, { createLog }, { start }] = await Promise.all([
    import('../broker.ts'),
    import('../observe/log.ts'),
    import('./start.ts'),
  ])
  await start(
    { ...(file !== undefined && { file }), overrides: override },
    {
      version,
      createLog,
      startBroker,
      nowMs: () => performance.now(),
      onSignal: (listener) => {
        process.on('SIGINT', listener)
        process.on('SIGTERM', listener)
      },
      writeOut: terminal.writeOut,
      writeError: terminal.writeError,
      exit: (code) => process.exit(code),
    },
  )
}
