// Debian's packages as files in a cache: fetched by apt and unpacked there, so that nothing is installed into the machine,
// no service of it is started, and nothing has to be taken away again.
import { readdirSync } from 'node:fs'
import { cached, install } from '../../scripts/clients/lib/cache.mjs'

/** The folder in which the packages' files are, as they would be under /. `name` names them in the cache. */
export function debianPackages(name, packages) {
  return cached(`debian-${name}`, (folder) => {
    install(['apt-get', 'download', '-qq', ...packages], { cwd: folder })
    const archives = readdirSync(folder).filter((file) => file.endsWith('.deb'))
    for (const archive of archives) install(['dpkg-deb', '-x', archive, '.'], { cwd: folder })
  })
}
