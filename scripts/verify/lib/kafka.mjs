// Apache Kafka's own programs, by class.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

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
