// What an engine promises when its process ends, and that its own end is not its host's.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

type Package = typeof import('../../src/index.ts')
const { Engine } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package

const script = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url))
const settings = { 'millrace.journal.bytes': 12 << 20 }
const LIVES = 4
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-engine-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

/** The lines of an appender that is killed when it has written so many. */
async function killedAfter(lineCount: number, durability: string): Promise<string[]> {
  const child = spawn(process.execPath, [script('appender.mjs'), directory, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === lineCount) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return lines
}

async function readPartitions(): Promise<string[][]> {
  const engine = await Engine.open({ dir: directory, settings })
  try {
    const log = await engine.topic('events')
    const found: string[][] = []
    for (let partition = 0; partition < log.partitions; partition++) {
      const values: string[] = []
      for await (const batch of log.read(partition)) {
        for (const { offset, value } of batch) {
          if (offset !== values.length) expect.fail(`offset ${offset} follows ${values.length - 1}`)
          values.push(`${value}`)
        }
      }
      found.push(values)
    }
    return found
  } finally {
    await engine.close()
  }
}

test('os: kill -9 loses nothing that a flush has answered', async () => {
  for (let life = 0; life < LIVES; life++) {
    const lines = await killedAfter(3 + life * 7, 'os')
    const found = await readPartitions()
    const flushed = lines.at(-1)!.split(' ').map(Number)
    for (const [partition, values] of found.entries()) {
      expect(values.length).toBeGreaterThanOrEqual(flushed[partition]!)
      values.forEach((value, offset) => {
        if (value !== `${offset}`) expect.fail(`life ${life}: ${value} at offset ${offset} of partition ${partition}`)
      })
    }
  }
})

test('durable: kill -9 loses nothing that appendDurable has answered', async () => {
  const answered: string[] = []
  for (let life = 0; life < LIVES; life++) {
    answered.push(...(await killedAfter(50 + life * 211, 'durable')))
    const found = await readPartitions()
    for (const line of answered) {
      const [partition, offset, value] = line.split(' ')
      expect(found[Number(partition)]![Number(offset)]).toBe(value)
    }
  }
})

test('a directory that fails is one error, every call rejects, and the host lives', async () => {
  // In blocks of 512 bytes: the journal's files fit, a segment does not.
  const limited = `ulimit -f 16384 && exec "${process.execPath}" "${script('failing.mjs')}" "${directory}"`
  const { stdout } = await promisify(execFile)('sh', ['-c', limited])
  const { errors, answers } = JSON.parse(stdout)
  expect(errors).toBe(1)
  expect(answers).toEqual(Array(answers.length).fill('LogDirectoryError'))
  expect(answers).toHaveLength(11)
  const [records] = await readPartitions()
  expect(records!.length).toBeGreaterThan(500)
})
