// Apache Kafka's own programs, by class, with a time limit on every run.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SECONDS_MAX = 120

let classPath

export function kafkaClassPath() {
  if (classPath === undefined) {
    const script = fileURLToPath(new URL('../../kafka-jars.mjs', import.meta.url))
    const { stdout, status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    if (status !== 0) throw new Error('Apache Kafka is not there')
    classPath = `${stdout}`.trim()
  }
  return classPath
}

/** Of the jars' names. */
export function kafkaVersion() {
  return /kafka-([\d.]+)\/\*$/.exec(kafkaClassPath())[1]
}

/** The command line of a program; short-lived ones start faster without the second compiler. */
export function kafkaCommand(mainClass, parameters) {
  return ['java', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', kafkaClassPath(), mainClass, ...parameters]
}

/** Runs a program to its end; resolves to its exit code and what it printed. */
export async function kafkaTool(mainClass, parameters, { input = '' } = {}) {
  const child = spawn('timeout', ['-k', '5', `${SECONDS_MAX}`, ...kafkaCommand(mainClass, parameters)])
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
