import { RequestKind } from '../protocol/frames.ts'
import type { WireValue } from '../protocol/values.ts'
import type { ManyResult } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import type { ScannedStatement } from '../sql/scan-statement.ts'
import { type BindTarget, bindInto, type Executable, isTransferable, type Parameters } from '../sql/statement.ts'
import { compileRows, takesRows } from '../sql/typed-statement.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import type { AsyncTransaction } from './contract.ts'
import type { RequestSettings } from './operation.ts'
import { type EngineServices, statementTraits } from './services.ts'
import { traceQuery } from './tracing.ts'

/** A batch leaves when it has this many values or bytes of blobs, or when gathering it has kept this thread for this long. */
const maxBatchValues = 8_192
/** Of the first one: it gives the worker something to do while the next one is gathered. */
const maxFirstValues = 512
const maxBatchBytes = 1024 * 1024
const maxGatherMs = 4

type Rows = Iterable<Parameters> | AsyncIterable<Parameters>

/** What sends the batches: the session, which it knows no more of. */
export interface BatchSender<T> {
  readonly services: EngineServices
  readonly connectionId: number
  readonly transactionFlags: number
  request(settings: RequestSettings, via: T): Promise<unknown>
}

interface Batch {
  readonly names: readonly string[] | null
  readonly rowCount: number
  readonly values: readonly WireValue[]
  readonly transfer: readonly ArrayBuffer[]
}

/**
 * Runs one statement for each row, in one transaction: batch after batch, the next one gathered while the worker is at the last. An error
 * of the rows themselves is passed on as it is; whatever fails, nothing of the rows stays.
 */
export async function executeRows<T extends Pick<AsyncTransaction, 'commit' | 'rollback'>>(
  session: BatchSender<T>,
  statement: Executable,
  rows: Rows,
  begin: () => Promise<T>,
): Promise<ManyResult> {
  const { services } = session
  if (!isIterable(rows)) throw new TypeError(`executeMany() takes an iterable of rows, found ${describeValue(rows)}.`)
  const target = await bindTo(statement, rows, services)
  if (target === null) return { rowcount: 0 }
  const { sql, rows: bound } = target
  const scanned = services.compiler.scan(sql)
  return await traceQuery(services, { sql, connectionId: session.connectionId }, () =>
    sendBatches(session, { sql, scanned }, gather(sql, scanned, bound, services), begin),
  )
}

/** The text that all rows share, and their parameters for it. A statement that is made for its rows is told the first one; null: there is none. */
async function bindTo(
  statement: Executable,
  rows: Rows,
  { compiler, dialect }: EngineServices,
): Promise<{ readonly sql: string; readonly rows: Rows } | null> {
  if (!takesRows(statement)) return { sql: compiler.textOf(statement), rows }
  const all = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]()
  const first = await all.next()
  if (first.done === true) return null
  try {
    const { sql, bind } = statement[compileRows](dialect, first.value)
    return { sql, rows: isAsync(all, rows) ? boundLater(first.value, all, bind) : boundRows(first.value, all, bind) }
  } catch (error) {
    // The caller's iterator is told that nobody goes on.
    await all.return?.()
    throw error
  }
}

function isAsync(_all: RowIterator, rows: Rows): _all is AsyncIterator<Parameters> {
  return Symbol.asyncIterator in rows
}

type RowIterator = Iterator<Parameters> | AsyncIterator<Parameters>

/** Left early, the caller's iterator is told so. */
function* boundRows(first: Parameters, others: Iterator<Parameters>, bind: (row: unknown) => Parameters): Generator<Parameters> {
  try {
    yield bind(first)
    for (let next = others.next(); next.done !== true; next = others.next()) yield bind(next.value)
  } finally {
    others.return?.()
  }
}

/** The same of rows that come when they like. */
async function* boundLater(
  first: Parameters,
  others: AsyncIterator<Parameters>,
  bind: (row: unknown) => Parameters,
): AsyncGenerator<Parameters> {
  try {
    yield bind(first)
    for (let next = await others.next(); next.done !== true; next = await others.next()) yield bind(next.value)
  } finally {
    await others.return?.()
  }
}

/** Of rows: a text is one of letters. */
function isIterable(rows: unknown): rows is Rows {
  if ((typeof rows !== 'object' && typeof rows !== 'function') || rows === null) return false
  return [Symbol.iterator, Symbol.asyncIterator].some((symbol) => typeof Reflect.get(rows, symbol) === 'function')
}

async function sendBatches<T extends Pick<AsyncTransaction, 'commit' | 'rollback'>>(
  session: BatchSender<T>,
  { sql, scanned }: { readonly sql: string; readonly scanned: ScannedStatement },
  batches: AsyncIterable<Batch>,
  begin: () => Promise<T>,
): Promise<ManyResult> {
  let transaction: T | null = null
  let running: Promise<unknown> | null = null
  let rowcount = 0
  try {
    for await (const batch of batches) {
      transaction ??= await begin()
      const sent = session.request(batchRequest(sql, scanned, batch, session), transaction)
      // Its failure is looked at when the next batch is ready; it must not count as unhandled until then.
      sent.catch(() => {})
      rowcount += await rowsOf(running)
      running = sent
    }
    rowcount += await rowsOf(running)
    await transaction?.commit()
  } catch (error) {
    await transaction?.rollback()
    throw error
  }
  return { rowcount }
}

/** The rows of a batch that was sent while nobody waited for it. */
async function rowsOf(running: Promise<unknown> | null): Promise<number> {
  try {
    return Number(await running)
  } catch (error) {
    throw withCallersStack(error)
  }
}

function batchRequest(sql: string, scanned: ScannedStatement, batch: Batch, session: BatchSender<never>): RequestSettings {
  const { names, rowCount, values, transfer } = batch
  const { text } = scanned
  return {
    access: 'none',
    leavesConnectionState: scanned.connectionState,
    sql,
    values,
    post: ({ channel, statements }, id) => {
      const { id: statementId } = statements.known(text) ?? statements.add({ sql: text, names, traits: statementTraits(scanned) })
      const flags = session.transactionFlags
      channel.post({ kind: RequestKind.executeMany, id, statementId, flags, rowCount, values }, transfer)
    },
  }
}

async function* gather(sql: string, scanned: ScannedStatement, rows: Rows, services: EngineServices): AsyncGenerator<Batch> {
  const gatherer = new BatchGatherer(sql, scanned, services)
  if (Symbol.asyncIterator in rows) {
    for await (const row of rows) if (gatherer.add(row)) yield gatherer.take()
  } else {
    for (const row of rows) if (gatherer.add(row)) yield gatherer.take()
  }
  if (gatherer.rowCount > 0) yield gatherer.take()
}

class BatchGatherer {
  readonly #target: BindTarget
  #values: WireValue[] = []
  #transfer: ArrayBuffer[] = []
  #bytes = 0
  #maxValues = maxFirstValues
  #rowNumber = 0
  #startedAt = 0
  rowCount = 0

  constructor(sql: string, scanned: ScannedStatement, services: EngineServices) {
    this.#target = { sql, scanned, dialect: services.dialect }
  }

  /** True when the batch should leave. */
  add(row: Parameters): boolean {
    if (this.rowCount === 0) this.#startedAt = performance.now()
    this.#rowNumber++
    const values = this.#values
    const from = values.length
    try {
      bindInto(values, this.#target, row)
    } catch (error) {
      // Not by assignment: what a getter of the caller's throws may be frozen.
      if (error instanceof Error) Reflect.set(error, 'message', `Row ${this.#rowNumber}: ${error.message}`)
      throw error
    }
    for (let index = from; index < values.length; index++) this.#weigh(values[index] as WireValue)
    this.rowCount++
    if (values.length >= this.#maxValues || this.#bytes >= maxBatchBytes) return true
    return (this.rowCount & 63) === 0 && performance.now() - this.#startedAt > maxGatherMs
  }

  #weigh(value: WireValue): void {
    if (typeof value === 'string') this.#bytes += value.length
    else if (value instanceof Uint8Array) {
      this.#bytes += value.byteLength
      if (isTransferable(value)) this.#transfer.push(value.buffer as ArrayBuffer)
    } else if (Array.isArray(value)) {
      for (const element of value) this.#weigh(element)
    }
  }

  take(): Batch {
    const batch = { names: this.#target.scanned.boundNames, rowCount: this.rowCount, values: this.#values, transfer: this.#transfer }
    this.#values = []
    this.#maxValues = maxBatchValues
    this.#transfer = []
    this.#bytes = 0
    this.rowCount = 0
    return batch
  }
}
