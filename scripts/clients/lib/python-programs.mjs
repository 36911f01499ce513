// Python for the clients' programs: virtual environments with packages from PyPI, or packages of Debian's.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, install } from './cache.mjs'

/** The Python of a virtual environment with these packages, by exact version. */
export function virtualPython(name, packages) {
  const folder = cached(name, (empty) => {
    install(['python3', '-m', 'venv', empty])
    const wanted = Object.entries(packages).map(([each, version]) => `${each}==${version}`)
    install([join(empty, 'bin/python'), '-m', 'pip', 'install', '--quiet', ...wanted])
  })
  return join(folder, 'bin/python')
}

/** Debian's packages, unpacked and not installed: the folder with their Python modules, and the one with libraries. */
export function debianModules(name, packages) {
  const folder = cached(name, (empty) => {
    install(['apt-get', 'download', ...packages], { cwd: empty })
    install(['sh', '-c', 'for each in *.deb; do dpkg -x "$each" . && rm "$each"; done'], { cwd: empty })
  })
  return { modules: join(folder, 'usr/lib/python3/dist-packages'), libraries: join(folder, 'usr/lib/x86_64-linux-gnu') }
}

/** A client's program and where it finds what it shares with the others. */
export function pythonProgram(python, program, { modules = [], libraries } = {}) {
  const shared = fileURLToPath(new URL('.', import.meta.url))
  const env = { PYTHONPATH: [shared, ...modules].join(':'), PYTHONDONTWRITEBYTECODE: '1' }
  if (libraries !== undefined) env.LD_LIBRARY_PATH = libraries
  return { command: [python, fileURLToPath(program)], env }
}
