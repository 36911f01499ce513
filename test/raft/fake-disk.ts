// A disk that forgets what was not synced. Each file has a live and a durable plane; names have too. At a power cut every
// unsynced 512-byte sector is independently old, new, zero or garbage (old or new where it was durable before: a disk
// writes a sector as a whole), the size is old, new or between, and of the changes of a directory only the first few
// survive.
import { type Disk, DiskError, type DiskFile, type Env, type OpenMode } from '../../src/lib/env.ts'
import { dirname } from '../../src/lib/paths.ts'

const SECTOR = 512

/** Seeded, so that a failure can be played again (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

export class PowerCut extends Error {
  override name = 'PowerCut'
}

class Inode {
  live = new Uint8Array(0)
  durable = new Uint8Array(0)
  /** Changes of names before it was made: those do not concern it, though it may lie where they speak of. */
  readonly bornAt: number

  constructor(bornAt: number) {
    this.bornAt = bornAt
  }
}

type Names = Map<string, Inode>

export class FakeDisk implements Disk {
  names: Names = new Map()
  durableNames: Names = new Map()
  /** Changes of names that are not durable yet, in order. */
  private pending: { directory: string; apply: (names: Names) => void }[] = []
  private changes = 0
  /** Operations until the power is cut. */
  operationsLeft = Number.POSITIVE_INFINITY
  operations = 0
  /** Fails the next sync of a file whose path ends so. */
  failSyncOf: string | null = null
  syncs = 0
  /** What files say of when they were changed: one time for all. */
  modifiedMs = 0
  /** When set, syncs wait for it. */
  gate: Promise<void> | null = null
  /** By descriptor, for a fake disk queue. */
  readonly files: FakeFile[] = []

  async begin(): Promise<void> {
    this.beginNow()
  }

  beginNow(): void {
    if (this.operationsLeft-- <= 0) throw new PowerCut('the power is off')
    this.operations++
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    await this.begin()
    let inode = this.names.get(path)
    if (mode === 'new' && inode !== undefined) throw new DiskError('open', path, 'EEXIST')
    if (inode === undefined) {
      if (mode === 'read') throw new DiskError('open', path, 'ENOENT')
      const created = new Inode(this.changes)
      inode = created
      this.change(path, (names) => names.set(path, created))
    }
    const file = new FakeFile(this, path, inode, this.files.length)
    this.files.push(file)
    return file
  }

  async list(path: string): Promise<string[]> {
    await this.begin()
    const children = [...this.names.keys()].filter((name) => name.startsWith(`${path}/`))
    return [...new Set(children.map((name) => name.slice(path.length + 1).split('/')[0]!))].sort()
  }

  async exists(path: string): Promise<boolean> {
    await this.begin()
    return isThere(this.names, path)
  }

  async makeDirectory(): Promise<void> {
    await this.begin()
  }

  async rename(from: string, to: string): Promise<void> {
    await this.begin()
    if (!isThere(this.names, from)) throw new DiskError('rename', from, 'ENOENT')
    const at = this.changes
    this.change(to, (names) => {
      for (const [path, inode] of [...names]) {
        if ((path !== from && !path.startsWith(`${from}/`)) || inode.bornAt > at) continue
        names.delete(path)
        names.set(to + path.slice(from.length), inode)
      }
    })
  }

  /** A file, or a directory with all that is in it. */
  async remove(path: string): Promise<void> {
    await this.begin()
    const at = this.changes
    this.change(path, (names) => {
      for (const [name, inode] of [...names]) {
        if ((name === path || name.startsWith(`${path}/`)) && inode.bornAt <= at) names.delete(name)
      }
    })
  }

  async syncDirectory(path: string): Promise<void> {
    await this.begin()
    this.pending = this.pending.filter(({ directory, apply }) => {
      if (directory !== path) return true
      apply(this.durableNames)
      return false
    })
  }

  /** What is left after the power comes back. */
  afterPowerCut(random: () => number): FakeDisk {
    const next = new FakeDisk()
    const names = new Map(this.durableNames)
    for (const { apply } of this.pending.slice(0, random() % (this.pending.length + 1))) apply(names)
    for (const [path, inode] of names) {
      const copy = new Inode(0)
      copy.live = survivors(inode, random)
      copy.durable = copy.live.slice()
      next.names.set(path, copy)
    }
    next.durableNames = new Map(next.names)
    return next
  }

  /** As the process dies but the machine goes on: everything written is there. The dead one does nothing more. */
  afterProcessKill(): FakeDisk {
    this.operationsLeft = 0
    const next = new FakeDisk()
    next.names = this.names
    next.durableNames = this.durableNames
    next.pending = this.pending
    next.changes = this.changes
    return next
  }

  bytesOf(path: string): Uint8Array {
    return this.names.get(path)!.live
  }

  setBytes(path: string, bytes: Uint8Array): void {
    const inode = this.names.get(path)!
    inode.live = bytes.slice()
    inode.durable = bytes.slice()
  }

  private change(path: string, apply: (names: Names) => void): void {
    apply(this.names)
    this.changes++
    this.pending.push({ directory: dirname(path), apply })
  }
}

function isThere(names: Names, path: string): boolean {
  return [...names.keys()].some((name) => name === path || name.startsWith(`${path}/`))
}

function survivors(inode: Inode, random: () => number): Uint8Array<ArrayBuffer> {
  const { live, durable } = inode
  const low = Math.min(live.length, durable.length)
  const spread = Math.abs(live.length - durable.length)
  const sizes = [live.length, durable.length, low + (random() % (spread + 1))]
  const result = new Uint8Array(sizes[random() % sizes.length]!)
  for (let from = 0; from < result.length; from += SECTOR) {
    const to = Math.min(from + SECTOR, result.length)
    const old = durable.subarray(from, to)
    const fresh = live.subarray(from, to)
    if (Buffer.compare(old, fresh) === 0) {
      result.set(old, from)
      continue
    }
    if (to <= durable.length) {
      result.set(random() % 2 === 0 ? old : fresh.length === to - from ? fresh : old, from)
      continue
    }
    const fate = random() % 4
    if (fate === 0) result.set(old.subarray(0, to - from), from)
    else if (fate === 1) result.set(fresh.subarray(0, to - from), from)
    else if (fate === 2) for (let at = from; at < to; at++) result[at] = random()
    // A sector that was written before is never torn below what was synced: the log only appends, so its durable bytes
    // within the sector were rewritten with the same content.
    result.set(durable.subarray(from, Math.min(to, durable.length)), from)
  }
  return result
}

export class FakeFile implements DiskFile {
  readonly descriptor: number
  readonly path: string
  private readonly disk: FakeDisk
  private readonly inode: Inode
  isClosed = false

  constructor(disk: FakeDisk, path: string, inode: Inode, descriptor: number) {
    this.disk = disk
    this.path = path
    this.inode = inode
    this.descriptor = descriptor
  }

  async size(): Promise<number> {
    await this.disk.begin()
    return this.inode.live.length
  }

  async modifiedMs(): Promise<number> {
    await this.disk.begin()
    return this.disk.modifiedMs
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    await this.disk.begin()
    const part = this.inode.live.subarray(position, position + into.length)
    into.set(part)
    return part.length
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.disk.begin()
    this.writeNow(bytes, position)
  }

  writeNow(bytes: Uint8Array, position: number): void {
    if (position + bytes.length <= this.inode.live.length) {
      this.inode.live.set(bytes, position)
      return
    }
    const grown = new Uint8Array(Math.max(this.inode.live.length, position + bytes.length))
    grown.set(this.inode.live)
    grown.set(bytes, position)
    this.inode.live = grown
  }

  async sync(): Promise<void> {
    await this.disk.gate
    await this.disk.begin()
    if (this.disk.failSyncOf !== null && this.path.endsWith(this.disk.failSyncOf)) {
      throw new DiskError('fdatasync', this.path, 'EIO')
    }
    this.disk.syncs++
    this.syncNow()
  }

  syncNow(): void {
    this.inode.durable = this.inode.live.slice()
  }

  async truncate(size: number): Promise<void> {
    await this.disk.begin()
    const cut = new Uint8Array(size)
    cut.set(this.inode.live.subarray(0, size))
    this.inode.live = cut
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

/** A world with this disk, a still clock, and chance from a seed. */
export function fakeEnv(disk: Disk, seed: number): Env {
  const random = seededRandom(seed)
  return {
    clock: { nowMs: () => 0, wallMs: () => 1_700_000_000_000 },
    random: { uint32: random, bytes: (count) => Uint8Array.from({ length: count }, () => random()) },
    disk,
  }
}
