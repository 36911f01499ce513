// Brings Apache Kafka's own programs (dump tool, console clients, broker) onto this machine, for tests that hold our
// files and answers against theirs. The jars go to a cache outside git; what is there already is not fetched again.
//
//   node scripts/kafka-jars.mjs          prints the class path:  java -cp "$(node scripts/kafka-jars.mjs)" CLASS …
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const pom = fileURLToPath(new URL('./kafka-jars/pom.xml', import.meta.url))
const version = /<kafka\.version>(.*)<\/kafka\.version>/.exec(readFileSync(pom, 'utf8'))[1]
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
const folder = join(cache, 'millrace', `kafka-${version}`)

if (!existsSync(folder)) {
  // Copied aside and renamed when whole, so that a broken download is never taken for the real thing.
  const partial = `${folder}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  const maven = spawnSync(
    'mvn',
    ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`, '-DincludeScope=runtime'],
    { stdio: ['ignore', 2, 2] },
  )
  if (maven.status !== 0) {
    rmSync(partial, { recursive: true, force: true })
    process.stderr.write(
      `mvn failed (${maven.error?.message ?? `exit ${maven.status}`}); it is needed once, to fetch Kafka ${version}\n`,
    )
    process.exit(1)
  }
  renameSync(partial, folder)
}
process.stdout.write(`${join(folder, '*')}\n`)
