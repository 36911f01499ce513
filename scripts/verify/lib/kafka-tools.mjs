// Apache Kafka's own programs, by class, with a time limit on every run.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SECONDS_MAX = 180

let classPath

/** Runs a program with `input` on stdin; resolves to what it printed on stdout. */
export async function kafkaTool(mainClass, parameters, { input } = {}) {
  classPath ??= findJars()
  const java = ['java', '-Xmx1g', '-cp', classPath, mainClass, ...parameters]
  const child = spawn('timeout', [`${SECONDS_MAX}`, ...java])
  const out = []
  let errors = ''
  child.stdout.on('data', (bytes) => out.push(bytes))
  child.stderr.on('data', (text) => {
    errors += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${mainClass} ${parameters.join(' ')}: exit ${code}\n${errors}`)
  return Buffer.concat(out).toString()
}

function findJars() {
  const script = fileURLToPath(new URL('../../kafka-jars.mjs', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error('Apache Kafka is not there')
  return `${stdout}`.trim()
}
