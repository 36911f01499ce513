// Builds the add-on with AddressSanitizer and UndefinedBehaviorSanitizer into build-sanitized/, through cmake-js.
//
// With --test the native tests then run on it (further arguments go to vitest). Node itself is not built with the
// sanitizer, so its run-time library is loaded first, and leaks, which Node leaves to the exit, are not looked for.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeHeaderPrefix } from './node-headers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const out = join(root, 'build-sanitized')
const { resolve: find } = createRequire(import.meta.url)

function run(args, environment = {}) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

function runtimeLibrary(name) {
  const compiler = process.env.CXX || 'c++'
  return spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim()
}

const headers = join(nodeHeaderPrefix(), 'include', 'node')
run([find('cmake-js/bin/cmake-js'), 'compile', '--out', out, `--CDNODE_HEADERS=${headers}`, '--log-level', 'error'])

const tests = process.argv.indexOf('--test')
if (tests !== -1) {
  const vitest = join(dirname(find('vitest/package.json')), 'vitest.mjs')
  run([vitest, 'run', 'test/native', ...process.argv.slice(tests + 1)], {
    MILLRACE_ADDON: join(out, 'millrace.node'),
    LD_PRELOAD: `${runtimeLibrary('libasan.so')} ${runtimeLibrary('libubsan.so')}`,
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  })
}
