import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { DataError, InvalidRequestError } from '../errors.ts'
import type { AsyncResult, Executor, ManyResult } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { onConnection } from './begun-transaction.ts'
import { checkFormat, type DataFormat } from './bulk-load.ts'
import { jsonSerializer } from './json-serializer.ts'

export interface ExportOptions {
  readonly format: DataFormat
  /** Of a query that is a text. */
  readonly params?: Parameters | undefined
  /** Ends it; a file is then as it was before. */
  readonly signal?: AbortSignal | undefined
}

/** Lines are handed to the stream in texts of about this many UTF-16 units. */
const pieceLength = 65_536

/**
 * Writes what a query gives, row by row in bounded memory: into a file, which is there when all of it is, or into a stream, which is ended. CSV
 * has a header, NULL as nothing and '' as `""`; what `exportData` writes, `bulkLoad` reads.
 *
 * @example
 * await exportData(tx, books.select(), new URL('./books.jsonl', import.meta.url), { format: 'jsonl' })
 * @throws {DataError} a value that JSON has no place for; two columns of one name in JSON Lines
 */
export async function exportData(
  tx: Executor,
  query: Executable,
  output: URL | Writable,
  { format, params, signal }: ExportOptions,
): Promise<ManyResult> {
  checkFormat(format)
  const write = format === 'csv' ? await csvWriter() : writeJsonLines
  if (!(output instanceof URL)) {
    if (!isWritable(output)) throw new TypeError(`exportData() writes to a file URL or a stream, found ${describeValue(output)}.`)
    return await exportTo(tx, { query, params, signal }, (result) => write(result, output, signal))
  }
  const path = fileURLToPath(output)
  // A reader of the file never sees half of it.
  const unfinished = `${path}.${randomUUID()}.unfinished`
  try {
    const written = await exportTo(tx, { query, params, signal }, (result) =>
      write(result, createWriteStream(unfinished, { flags: 'wx', flush: true }), signal),
    )
    await rename(unfinished, path)
    return written
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

type Result = AsyncResult<readonly unknown[]>
type Write = (result: Result, output: Writable, signal: AbortSignal | undefined) => Promise<number>

interface ExportQuery {
  readonly query: Executable
  readonly params: Parameters | undefined
  readonly signal: AbortSignal | undefined
}

async function exportTo(
  tx: Executor,
  { query, params, signal }: ExportQuery,
  write: (result: Result) => Promise<number>,
): Promise<ManyResult> {
  return await onConnection(tx, async (executor) => {
    const result = await executor.execute<readonly unknown[]>(query, params, { rowMode: 'array', integers: 'bigint', signal })
    try {
      return { rowcount: await write(result) }
    } finally {
      await result.close()
    }
  })
}

function isWritable(value: unknown): value is Writable {
  return typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function' && 'on' in value
}

async function writeJsonLines(result: Result, output: Writable, signal: AbortSignal | undefined): Promise<number> {
  const names = await result.keys()
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new DataError(`Two columns are called ${printableName(twice)}: give one of them another name with AS.`)
  const keys = names.map((name) => JSON.stringify(name))
  let rowcount = 0
  async function* lines(): AsyncGenerator<string> {
    let piece = ''
    for await (const row of result) {
      rowcount += 1
      piece += `{${row.map((value, index) => `${keys[index]}:${jsonOf(value, names[index] as string, rowcount)}`).join(',')}}\n`
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
    }
    yield piece
  }
  await pipeline(lines, output, signalOption(signal))
  return rowcount
}

/** An integer keeps every digit, as a number: to JSON it may be of any length. */
function jsonOf(value: unknown, name: string, row: number): string {
  return typeof value === 'bigint' ? value.toString() : withPlace(() => jsonSerializer(value), name, row)
}

async function csvWriter(): Promise<Write> {
  const { stringify } = await loadStringifier()
  return async (result, output, signal) => {
    const names = await result.keys()
    let rowcount = 0
    async function* records(): AsyncGenerator<readonly (string | null)[]> {
      yield names
      for await (const row of result) {
        rowcount += 1
        yield row.map((value, index) => withPlace(() => csvTextOf(value), names[index] as string, rowcount))
      }
    }
    const stringifier = stringify({
      cast: {
        string: (text) => (text === '' ? { value: '', quoted_empty: true } : /[\r\n]/.test(text) ? { value: text, quoted: true } : text),
      },
    })
    await pipeline(records, stringifier, output, signalOption(signal))
    return rowcount
  }
}

function csvTextOf(value: unknown): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  return typeof value === 'object' ? jsonSerializer(value) : String(value)
}

/** Says where a value stands that cannot be written. */
function withPlace<T>(work: () => T, name: string, row: number): T {
  try {
    return work()
  } catch (error) {
    throw new DataError(`Row ${row}, column ${printableName(name)}: ${(error as Error).message}`, { cause: error })
  }
}

function signalOption(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

async function loadStringifier(): Promise<typeof import('csv-stringify')> {
  try {
    return await import('csv-stringify')
  } catch (cause) {
    throw new InvalidRequestError('CSV is written by the package csv-stringify: npm install csv-stringify', { cause })
  }
}
