import { NotSupportedError, ProgrammingError } from '../errors.ts'
import { RequestKind } from '../protocol/frames.ts'
import type { WireValue } from '../protocol/values.ts'
import type { ManyOptions, ManyResult, ManyRows } from '../sql/executor.ts'
import { ItemReader } from '../sql/item-reader.ts'
import { describeValue, toWireValue } from '../sql/parameters.ts'
import type { ScannedStatement } from '../sql/scan-statement.ts'
import { type BindTarget, bindInto, type Executable, isTransferable, type Parameters } from '../sql/statement.ts'
import { compileRows, type RowsStatement, takesRows } from '../sql/typed-statement.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import type { AsyncTransaction } from './contract.ts'
import { abortErrorOf, inTime, type WaitOptions } from './deadline.ts'
import { lostConnectionError } from './lost-connection.ts'
import type { RequestSettings } from './operation.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import type { EngineServices } from './services.ts'
import { statementTraits } from './statement-kinds.ts'
import { echo, traceQuery } from './tracing.ts'

/** A batch leaves when it has this many values or bytes of blobs, or when gathering it has kept this thread for this long. */
const maxBatchValues = 8_192
/** Of the first one: it gives the worker something to do while the next one is gathered. */
const maxFirstValues = 512
const maxBatchBytes = 1024 * 1024
const maxGatherMs = 4

/** As it was called. */
export interface ManyCall {
  readonly statement: Executable
  readonly rows: ManyRows
  readonly options: ManyOptions | undefined
}

/** As it is run: with what ends it before its time. */
export interface ManyRun extends Omit<ManyCall, 'options'> {
  readonly wait: WaitOptions
}

/** What sends the batches: the session, which it knows no more of. */
export interface BatchSender<T> {
  readonly services: EngineServices
  readonly connectionId: number
  readonly transactionFlags: number
  request(settings: RequestSettings, via: T, wait: WaitOptions): Promise<unknown>
  readonly physical: Pick<PhysicalConnection, 'lost' | 'whenLost'>
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
  { statement, rows, wait }: ManyRun,
  begin: () => Promise<T>,
): Promise<ManyResult> {
  const { services } = session
  if (wait.signal?.aborted === true) throw abortErrorOf(wait.signal)
  if (!isIterable(rows)) throw new TypeError(`executeMany() takes an iterable of rows, found ${describeValue(rows)}.`)
  const reader = Symbol.asyncIterator in rows ? new ItemReader(rows) : null
  try {
    const target = await unlessLost(session.physical, bindTo({ statement, rows, wait }, reader, services))
    if (target === null) return { rowcount: 0 }
    const { sql, rows: bound } = target
    const scanned = services.compiler.scan(sql)
    if (scanned.verb === 'copy' && !services.dialect.copy)
      throw new NotSupportedError(`${services.dialect.name} has no COPY, which is PostgreSQL's: use an INSERT.`, { sql })
    const batches = gather({ sql, scanned, dialect: services.dialect }, bound)
    return await traceQuery(services, { sql, connectionId: session.connectionId }, () =>
      sendBatches(session, { sql, scanned, wait, batches, reader }, begin),
    )
  } finally {
    // It may be what nobody has asked for a row yet, or what keeps everybody waiting.
    await reader?.return().catch(() => {})
  }
}

interface BoundRows {
  /** The text that all rows share. */
  readonly sql: string
  /** Their parameters for it. */
  readonly rows: ManyRows
}

/** A statement that is made for its rows is told the first one; null: there is none. */
async function bindTo(
  { statement, rows, wait }: ManyRun,
  reader: ItemReader<Parameters> | null,
  services: EngineServices,
): Promise<BoundRows | null> {
  const { compiler, dialect } = services
  if (!takesRows(statement)) return { sql: compiler.textOf(statement), rows: reader ?? rows }
  const make: MakeStatement = (first) => statement[compileRows](dialect, first)
  return reader === null ? boundRows(rows as Iterable<Parameters>, make) : await boundLater(reader, make, wait)
}

type MakeStatement = (first: Parameters) => RowsStatement

function boundRows(rows: Iterable<Parameters>, make: MakeStatement): BoundRows | null {
  const iterator = rows[Symbol.iterator]()
  const first = iterator.next()
  if (first.done === true) return null
  try {
    const { sql, bind } = make(first.value)
    return { sql, rows: boundOnes(first, iterator, bind) }
  } catch (error) {
    // The caller's iterator is told that nobody goes on.
    iterator.return?.()
    throw error
  }
}

/** Left early, the caller's iterator is told so; not when it has ended or failed by itself. */
function* boundOnes(first: IteratorResult<Parameters>, others: Iterator<Parameters>, bind: RowsStatement['bind']): Generator<Parameters> {
  let isLeft = true
  try {
    for (let next = first; next.done !== true; ) {
      yield bind(next.value)
      isLeft = false
      next = others.next()
      isLeft = next.done !== true
    }
  } finally {
    if (isLeft) others.return?.()
  }
}

/** The same of rows that come when they like: their reader knows by itself when it is left. */
async function boundLater(reader: ItemReader<Parameters>, make: MakeStatement, wait: WaitOptions): Promise<BoundRows | null> {
  const first = await inTime(wait, reader.next())
  if (first.done === true) return null
  const { sql, bind } = make(first.value)
  async function* ones(): AsyncGenerator<Parameters> {
    yield bind(first.value)
    for await (const row of reader) yield bind(row)
  }
  return { sql, rows: ones() }
}

/** Of rows: a text is one of letters. */
function isIterable(rows: unknown): rows is ManyRows {
  if ((typeof rows !== 'object' && typeof rows !== 'function') || rows === null) return false
  return [Symbol.iterator, Symbol.asyncIterator].some((symbol) => typeof Reflect.get(rows, symbol) === 'function')
}

interface BatchesOf {
  readonly sql: string
  readonly scanned: ScannedStatement
  readonly batches: AsyncGenerator<Batch>
  /** Of rows that come when they like. */
  readonly reader: ItemReader<Parameters> | null
  readonly wait: WaitOptions
}

async function sendBatches<T extends Pick<AsyncTransaction, 'commit' | 'rollback'>>(
  session: BatchSender<T>,
  { sql, scanned, batches, reader, wait }: BatchesOf,
  begin: () => Promise<T>,
): Promise<ManyResult> {
  let transaction: T | null = null
  let running: Promise<unknown> | null = null
  let rowcount = 0
  try {
    for (;;) {
      const batch = await nextBatch(inTime(wait, batches.next()), running, session.physical)
      if (batch === null) break
      if (transaction === null) {
        transaction = await begin()
        echo(session.services, sql)
      }
      const sent = session.request(batchRequest(sql, scanned, batch, session), transaction, wait)
      // Its failure is looked at with the next batch; it must not count as unhandled until then.
      sent.catch(() => {})
      rowcount += await rowsOf(running)
      running = sent
    }
    rowcount += await rowsOf(running)
    if (transaction !== null) await transaction.commit()
    else assertNotLost(session.physical)
  } catch (error) {
    const left = batches.return(undefined).catch(() => {})
    // Given up, it may stand at a row that never comes.
    if (reader?.isWaiting !== true && wait.signal?.aborted !== true) await left
    await transaction?.rollback()
    throw error
  }
  return { rowcount }
}

/** Null behind the last batch; and as soon as it is of no use, since the batch before it has failed, or the connection is lost. */
async function nextBatch(
  next: Promise<IteratorResult<Batch>>,
  running: Promise<unknown> | null,
  physical: Pick<PhysicalConnection, 'whenLost'>,
): Promise<Batch | null> {
  const useless = Promise.withResolvers<null>()
  const giveUp = (): void => useless.resolve(null)
  running?.catch(giveUp)
  const stop = physical.whenLost(giveUp)
  try {
    return await Promise.race([next.then(({ done, value }) => (done === true ? null : value)), useless.promise])
  } finally {
    stop()
  }
}

/** What the promise gives, unless the connection is lost before. */
async function unlessLost<T>(physical: Pick<PhysicalConnection, 'lost' | 'whenLost'>, promise: Promise<T>): Promise<T> {
  const lost = Promise.withResolvers<null>()
  const stop = physical.whenLost(() => lost.resolve(null))
  try {
    await Promise.race([promise, lost.promise])
  } finally {
    stop()
  }
  assertNotLost(physical)
  return await promise
}

function assertNotLost({ lost }: Pick<PhysicalConnection, 'lost'>): void {
  if (lost !== null) throw lostConnectionError('this connection', lost)
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

async function* gather(target: BindTarget, rows: ManyRows): AsyncGenerator<Batch> {
  const gatherer = new BatchGatherer(target)
  if (Symbol.asyncIterator in rows) {
    for await (const row of rows) if (gatherer.add(row)) yield gatherer.take()
  } else {
    for (const row of rows) if (gatherer.add(row)) yield gatherer.take()
  }
  if (gatherer.rowCount > 0) yield gatherer.take()
}

class BatchGatherer {
  readonly #target: BindTarget
  readonly #copies: boolean
  /** Of a row of a COPY. */
  #width: number | null = null
  #values: WireValue[] = []
  #transfer: ArrayBuffer[] = []
  #bytes = 0
  #maxValues = maxFirstValues
  #rowNumber = 0
  #startedAt = 0
  rowCount = 0

  constructor(target: BindTarget) {
    this.#target = target
    this.#copies = target.scanned.verb === 'copy'
  }

  /** True when the batch should leave. */
  add(row: Parameters): boolean {
    if (this.rowCount === 0) this.#startedAt = performance.now()
    this.#rowNumber++
    const values = this.#values
    const from = values.length
    try {
      if (this.#copies) this.#bindLine(row)
      else bindInto(values, this.#target, row)
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

  /** A row of a COPY, whose text has no place for any value. */
  #bindLine(row: Parameters): void {
    if (!Array.isArray(row)) throw new TypeError(`expected a list of one value for each column, found ${describeValue(row)}.`)
    const list: readonly unknown[] = row
    this.#width ??= list.length
    if (list.length !== this.#width) {
      const { sql } = this.#target
      throw new ProgrammingError(`expected ${this.#width} values, as in the first row, found ${list.length}.`, { sql })
    }
    for (let index = 0; index < list.length; index++) this.#values.push(toWireValue(list[index], index + 1, this.#target.dialect))
  }

  #weigh(value: WireValue): void {
    if (typeof value === 'number' || typeof value === 'bigint') this.#bytes += 8
    else if (typeof value === 'string') this.#bytes += value.length
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
