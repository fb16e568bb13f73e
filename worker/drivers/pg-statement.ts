import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { DriverStatement, MaybePromise, RowIterator, RowsOfValues, RunResult } from './driver.ts'
import { CopyInExchange, CopyOutExchange, copyReader } from './pg-copy.ts'
import { EachExchange } from './pg-each.ts'
import { isStalePlan } from './pg-errors.ts'
import { changesOf, copyRefusal, DescribeExchange, type Plan, RunExchange } from './pg-exchange.ts'
import type { EncodedValue } from './pg-messages.ts'
import { encodeParameters } from './pg-parameters.ts'
import { type RowMaker, RowsExchange } from './pg-rows.ts'
import type { PgSession } from './pg-session.ts'
import { type CopyKind, readStatement, type StatementFacts } from './pg-text.ts'
import { RowReader, type ValueForm } from './pg-types.ts'
import { DriverFault } from './sqlite-errors.ts'

/** A statement whose last result had no more rows than these is expected to have as few the next time. */
const smallRows = 64

/** What the server said about a statement when it was prepared. */
interface Description {
  /** Under this name it is prepared; '' where it is parsed anew in each run. */
  readonly name: string
  /** Null when it yields no rows. */
  readonly reader: RowMaker | null
  readonly parameterTypes: readonly number[]
  /** Of the schema that it was prepared for. */
  readonly schemaVersion: number
}

const ROWLESS: Description = { name: '', reader: null, parameterTypes: [], schemaVersion: 0 }
/** The server has no words for what a COPY gives. */
const COPY_OUT: Description = { ...ROWLESS, reader: copyReader }
const NOT_FOR_ROWS: Readonly<Record<Exclude<CopyKind, 'in'>, string>> = {
  inWithOptions: 'executeMany() writes the rows of a COPY by itself, in the plain format: expected nothing behind STDIN but a WHERE.',
  onServer: 'This COPY takes no rows: expected COPY … FROM STDIN.',
  out: 'COPY … TO STDOUT takes no rows: use execute() or stream().',
}
const NO_COLUMNS: readonly WireColumn[] = []

/**
 * Prepares a statement on the server. What yields no rows by its first word is sent with its first run only; and only what is planned gets
 * a name there: the host prepares a SET or a SHOW anew each time, and finalizes none of them.
 */
export function prepareStatement(session: PgSession, sql: string): MaybePromise<PgStatement> {
  if (sql.includes('\0')) throw new DriverFault('programming', 'A statement cannot hold a NUL character.')
  const facts = readStatement(sql)
  if (facts.rowless) return new PgStatement({ session, sql, facts }, ROWLESS)
  if (facts.copy === 'out') return new PgStatement({ session, sql, facts }, COPY_OUT)
  return describe(session, sql, facts.planned).then((description) => new PgStatement({ session, sql, facts }, description))
}

async function describe(session: PgSession, sql: string, isPlanned: boolean): Promise<Description> {
  const isNamed = isPlanned && session.keepsStatements
  const name = isNamed ? session.newStatementName() : ''
  const { schemaVersion } = session
  const exchange = new DescribeExchange(name, sql)
  try {
    await session.run(exchange)
  } catch (error) {
    if (isNamed) session.closeStatement(name)
    throw error
  }
  const { fields, parameterTypes } = exchange
  return { name, reader: fields === null ? null : new RowReader(fields), parameterTypes, schemaVersion }
}

interface StatementSource {
  readonly session: PgSession
  readonly sql: string
  readonly facts: StatementFacts
}

export class PgStatement implements DriverStatement {
  readonly returnsRows: boolean
  readonly readonly: boolean
  /** There is no such thing: what an INSERT has made up, RETURNING tells. */
  readonly setsLastRowid = false
  readonly #session: PgSession
  readonly #sql: string
  readonly #facts: StatementFacts
  #description: Description
  /** The server has said that the description no longer holds. */
  #wasRefused = false
  /** It has run by its description: what is parsed anew may mean something else the next time. */
  #wasRun = false
  #rows: RowsExchange | null = null
  /** As far as its last run tells. */
  #isSmall = false

  constructor({ session, sql, facts }: StatementSource, description: Description) {
    this.#session = session
    this.#sql = sql
    this.#facts = facts
    this.#description = description
    this.returnsRows = description.reader !== null
    this.readonly = this.returnsRows && facts.reads
  }

  get busy(): boolean {
    return this.#rows !== null && !this.#rows.hasEnded
  }

  columns(): readonly WireColumn[] {
    return this.#description.reader?.columns ?? NO_COLUMNS
  }

  async run(params: readonly WireValue[]): Promise<RunResult> {
    const { tag } = await this.#fresh(() => this.#session.run(new RunExchange(this.#plan, this.#encode(params))))
    assertCommitted(this.#facts.verb, tag)
    return { changes: changesOf(tag), lastRowid: 0n }
  }

  async runEach(rows: RowsOfValues, check: () => void): Promise<number> {
    if (rows.rowCount === 0) return 0
    const { copy } = this.#facts
    if (copy === 'in') return (await this.#session.run(new CopyInExchange({ ...this.#plan, rows, check }))).changes
    if (copy !== null) throw copyRefusal(NOT_FOR_ROWS[copy])
    const { changes } = await this.#fresh(() => {
      const { parameterTypes } = this.#description
      this.#wasRun = true
      return this.#session.run(new EachExchange({ ...this.#plan, parameterTypes, rows, check }))
    })
    return changes
  }

  iterate(params: readonly WireValue[], serverTexts = false, bigintArrays = false): RowIterator {
    const begin = (): RowsExchange => this.#begin(params, { serverTexts, bigintArrays })
    return new StatementRows({
      started: this.#isStale ? null : begin(),
      start: () => this.#prepareAnew().then(begin),
      again: (error) => this.#again(error, begin),
    })
  }

  finalize(): void {
    if (this.#description.name !== '') this.#session.closeStatement(this.#description.name)
  }

  /** Nothing is sent by its description. */
  get #isStale(): boolean {
    const { name, schemaVersion } = this.#description
    if (this.#wasRefused) return true
    return name === '' ? this.#wasRun && this.#facts.planned : schemaVersion !== this.#session.schemaVersion
  }

  get #plan(): Plan {
    return { name: this.#description.name, sql: this.#sql }
  }

  #encode(params: readonly WireValue[]): readonly EncodedValue[] {
    this.#wasRun = true
    return encodeParameters(params, this.#description.parameterTypes)
  }

  /** Sends the statement; its rows come as they are asked for. */
  #begin(params: readonly WireValue[], form: ValueForm): RowsExchange {
    this.#noteSize()
    const { reader } = this.#description
    if (reader === null) throw new DriverFault('internal', 'This statement yields no rows')
    const session = this.#session
    const isCopy = this.#facts.copy !== null
    const rows = new (isCopy ? CopyOutExchange : RowsExchange)({
      ...this.#plan,
      values: this.#encode(params),
      reader,
      form,
      batches: this.readonly && !this.#isSmall && !isCopy,
      readonly: this.readonly,
      // Inside a transaction a cancelled statement would take everything before it along.
      stop: this.readonly && !session.inTransaction ? () => void session.cancel() : null,
    })
    this.#rows = rows
    return session.start(rows)
  }

  #noteSize(): void {
    const last = this.#rows
    if (last?.wasRead === true) this.#isSmall = last.receivedRows <= smallRows
  }

  /** Does it by a description that holds. */
  async #fresh<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#isStale) await this.#prepareAnew()
    try {
      return await work()
    } catch (error) {
      return await this.#again(error, work)
    }
  }

  /** Once more, where the statement has not run because its description no longer holds. */
  async #again<T>(error: unknown, work: () => Promise<T> | T): Promise<T> {
    if (this.#description.name === '' || !isStalePlan(error)) throw error
    this.#wasRefused = true
    if (this.#session.inTransaction) throw error
    await this.#prepareAnew()
    return await work()
  }

  async #prepareAnew(): Promise<void> {
    this.finalize()
    this.#description = await describe(this.#session, this.#sql, true)
    this.#wasRefused = false
    this.#wasRun = false
  }
}

interface RowsSource {
  /** Null where the statement has not been sent: `start` does. */
  readonly started: RowsExchange | null
  readonly start: () => Promise<RowsExchange>
  /** Starts it once more after an error, or throws the error. */
  readonly again: (error: unknown) => Promise<RowsExchange>
}

/** The rows of a run; before the first of them it may turn out that the statement has to be prepared anew. */
class StatementRows implements RowIterator {
  readonly #source: RowsSource
  #rows: RowsExchange | null
  #begun = false
  #returned = false

  constructor(source: RowsSource) {
    this.#source = source
    this.#rows = source.started
  }

  next(): ReturnType<RowIterator['next']> {
    return this.#begun && this.#rows !== null ? this.#rows.next() : this.#first()
  }

  return(): MaybePromise<unknown> {
    this.#returned = true
    return this.#rows?.return()
  }

  async #first(): Promise<Awaited<ReturnType<RowIterator['next']>>> {
    if (this.#returned) return { done: true, value: undefined }
    this.#begun = true
    try {
      this.#rows ??= await this.#source.start()
      return await this.#rows.next()
    } catch (error) {
      this.#rows = await this.#source.again(error)
      return await this.#rows.next()
    }
  }
}

/** A COMMIT of a transaction that has failed is a ROLLBACK, and no error to the server. */
export function assertCommitted(verb: string, tag: string): void {
  if (tag !== 'ROLLBACK' || (verb !== 'commit' && verb !== 'end' && verb !== 'prepare')) return
  throw new DriverFault('transactionAborted', 'The transaction had failed before: the server rolled it back in place of committing it.', {
    driverCode: '25P02',
  })
}
