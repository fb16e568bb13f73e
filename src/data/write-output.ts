import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { ArgumentError } from '../errors.ts'
import { holdEarlyFailure } from '../sql/early-failure.ts'
import { describeValue } from '../sql/parameters.ts'

/** A file by its URL, or a stream, which is ended; stdout and stderr stay open, as whatever is piped into them leaves them. */
export type DataOutput = URL | Writable

/**
 * @throws {TypeError} it is neither file nor stream
 * @throws {ArgumentError} the stream has been ended
 */
export function checkOutput(output: unknown): void {
  if (output instanceof URL) return
  if (typeof output === 'object' && output !== null && 'write' in output && typeof output.write === 'function' && 'on' in output) {
    if ('writableEnded' in output && output.writableEnded === true) throw endedError()
    holdEarlyFailure(output)
    return
  }
  throw new TypeError(`exportData() writes to a file URL or a stream, found ${describeValue(output)}.`)
}

/**
 * Writes a text piece by piece. A file is there when all of it is: until then it is as it was before, and then has the same mode. What is a pipe or
 * a device is written to as a stream is.
 */
export async function writeOutput(output: DataOutput, pieces: AsyncIterable<string>, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal }
  if (!(output instanceof URL)) {
    // Of a stream that had failed before, a pipeline would only say that it is closed.
    if (output.errored instanceof Error) throw output.errored
    const end = output !== process.stdout && output !== process.stderr
    await pipeline(untilEnded(pieces, output), output, { ...options, end })
    return
  }
  const path = fileURLToPath(output)
  const before = await statOf(path)
  if (before?.isFile() === false) return await pipeline(pieces, (await open(path, 'w')).createWriteStream(), options)
  const mode = before === undefined ? undefined : before.mode & 0o777
  await replace(await targetOf(path), mode, (stream) => pipeline(pieces, stream, options))
}

/** A pipeline would wait for ever for what is written to a stream that somebody has ended. */
async function* untilEnded(pieces: AsyncIterable<string>, output: Writable): AsyncGenerator<string> {
  for await (const piece of pieces) {
    if (output.writableEnded) throw endedError()
    yield piece
  }
  if (output.writableEnded) throw endedError()
}

function endedError(): ArgumentError {
  return new ArgumentError('exportData() writes to a stream that is open, and this one has been ended.')
}

async function replace(path: string, mode: number | undefined, write: (stream: Writable) => Promise<void>): Promise<void> {
  // A reader of the file never sees half of it.
  const unfinished = `${path}.${randomUUID()}.unfinished`
  // Open before anything can fail: a file that is removed while it is being opened would be there afterwards.
  const file = await open(unfinished, 'wx', mode)
  const stream = file.createWriteStream({ flush: true })
  try {
    // What the process takes from the modes of its files, it has not taken from that one.
    if (mode !== undefined) await file.chmod(mode)
    await write(stream)
    await rename(unfinished, path)
  } catch (error) {
    await finished(stream.destroy()).catch(() => {})
    await rm(unfinished, { force: true })
    throw error
  }
}

/** Undefined where there is no such file; of a link, that which it leads to. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The file itself, where a link leads to it: also one that is not there yet. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  const link = await readlink(path).catch(() => null)
  return link === null ? path : await targetOf(resolve(dirname(path), link))
}

function isMissing(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ENOENT'
}
