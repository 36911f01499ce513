// The millrace command, run in the test's own process.
import { Command } from 'commander'
import { addConfigCommands } from '../../src/cli/config.ts'
import { addGroupCommands } from '../../src/cli/group.ts'
import { addTopicCommands } from '../../src/cli/topic.ts'

/** The exit code, then what was written, line by line. */
export async function millrace(line: string, bootstrap: string): Promise<string[]> {
  const out: string[] = []
  let exitCode = 0
  const write = (mark: string) => (text: string) => {
    out.push(...text.split('\n').map((each) => `${mark}${each}`))
  }
  const command = new Command('millrace')
  const terminal = {
    writeOut: write(''),
    writeError: write('! '),
    setExitCode: (code: number) => {
      exitCode = code
    },
  }
  addTopicCommands(command, terminal)
  addConfigCommands(command, terminal)
  addGroupCommands(command, terminal)
  const silence = (each: Command): void => {
    each.exitOverride().configureOutput({ writeOut: write(''), writeErr: write('! ') })
    each.commands.forEach(silence)
  }
  silence(command)
  try {
    await command.parseAsync([...line.split(' '), '--bootstrap', bootstrap], { from: 'user' })
  } catch (error) {
    exitCode = (error as { exitCode: number }).exitCode
  }
  return [
    `exit ${exitCode}`,
    ...out
      .map((each) => each.replace(/(?<![\w-])[\w-]{22}(?![\w-])/, '<id>').trimEnd())
      .filter((each) => !/^!?$/.test(each)),
  ]
}
