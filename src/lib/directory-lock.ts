// Keeps a second process of this machine out of a data directory.
//
// Node has no flock, so the lock is a listening socket in Linux's abstract namespace, named for the directory's device
// and inode: bound by one process at a time, and gone with it, however it ends.
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'

export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError'
}

/** Resolves to what gives the lock back. */
export async function lockDirectory(path: string): Promise<() => void> {
  const { dev, ino } = await stat(path)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new DirectoryInUseError(`${path} is in use by another process`) : error)
    })
    server.listen(`\0millrace-directory-${dev}-${ino}`, resolve)
  })
  server.unref()
  return () => server.close()
}
