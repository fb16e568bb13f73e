import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { describeValue } from '../sql/parameters.ts'

/** A file by its URL, or a stream, which is ended. */
export type DataOutput = URL | Writable

/** @throws {TypeError} it is neither file nor stream */
export function checkOutput(output: unknown): void {
  if (output instanceof URL) return
  if (typeof output === 'object' && output !== null && 'write' in output && typeof output.write === 'function' && 'on' in output) return
  throw new TypeError(`exportData() writes to a file URL or a stream, found ${describeValue(output)}.`)
}

/** Writes a text piece by piece. A file is there when all of it is: until then it is as it was before. */
export async function writeOutput(output: DataOutput, pieces: AsyncIterable<string>, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal }
  if (!(output instanceof URL)) {
    await pipeline(pieces, output, options)
    return
  }
  const path = fileURLToPath(output)
  // A reader of the file never sees half of it.
  const unfinished = `${path}.${randomUUID()}.unfinished`
  // Open before anything can fail: a file that is removed while it is being opened would be there afterwards.
  const stream = (await open(unfinished, 'wx')).createWriteStream({ flush: true })
  try {
    await pipeline(pieces, stream, options)
    await rename(unfinished, path)
  } catch (error) {
    await finished(stream.destroy()).catch(() => {})
    await rm(unfinished, { force: true })
    throw error
  }
}
