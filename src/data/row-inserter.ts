import { setImmediate } from 'node:timers/promises'
import { DatabaseError, OperationalError } from '../errors.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import type { LoadedRow } from './loaded-row.ts'
import { quotedTable } from './quoted-table.ts'
import { inLine } from './refused-row.ts'

/** Rows that are sent together: so many are in memory at a time, and as many while the database is at them. */
const maxRows = 500
/** Of their texts and bytes together. */
const maxSize = 4 * 1024 * 1024
/** For fewer rows a COPY is not worth its round trips. */
const fewestCopied = 100

/** A COPY writes past rules, and neither into views nor where there is row-level security: https://www.postgresql.org/docs/current/sql-copy.html */
const takesCopy = `
  select relkind in ('r', 'p') and not relhasrules and not relrowsecurity from pg_catalog.pg_class where oid = to_regclass($1)`

export interface InserterOptions<R extends LoadedRow = LoadedRow> {
  /** A row that the database refuses: true when somebody takes care of it. Default: the refusal is thrown, with the line. */
  readonly takeRefused?: ((row: R, refusal: DatabaseError) => boolean) | undefined
  /** Before a row is tried alone: true when somebody takes care of it. */
  readonly takeUntried?: ((row: R) => boolean) | undefined
  /** Called when rows of one table are in the database. */
  readonly onInserted?: ((rows: readonly R[]) => void) | undefined
  /** Called as soon as rows that were sent have failed: whoever waits for the next ones need not. The failure itself is thrown later. */
  readonly onFailed?: ((error: unknown) => void) | undefined
  /** Gives up what is sent. */
  readonly signal?: AbortSignal | undefined
}

/** Sends rows to their tables, many at a time; the next ones are gathered while the database is at the last. */
export class RowInserter<R extends LoadedRow = LoadedRow> {
  readonly #executor: Executor
  readonly #options: InserterOptions<R>
  #batches = new Map<string, R[]>()
  #count = 0
  #size = 0
  /** The order of the rows is that of the file. */
  #isOrdered = false
  #running: Promise<void> | null = null
  /** Tables that take all that an INSERT would by COPY too, and those that do not. */
  readonly #takesCopy = new Map<AnyTable, boolean>()

  constructor(executor: Executor, options: InserterOptions<R> = {}) {
    this.#executor = executor
    this.#options = options
  }

  /** True when `flush()` is due before this row is added. */
  isFullFor({ statement }: R): boolean {
    if (this.#count === 0) return false
    if (this.#count >= maxRows || this.#size >= maxSize) return true
    return !this.#batches.has(statement.text) && (this.#isOrdered || !statement.givesKey)
  }

  add(row: R): void {
    const batch = this.#batches.get(row.statement.text)
    if (batch === undefined) this.#batches.set(row.statement.text, [row])
    else batch.push(row)
    this.#count += 1
    this.#size += sizeOf(row)
    this.#isOrdered = !row.statement.givesKey
  }

  /** Sends what has been added, when the database has finished with what was sent before. */
  async flush(): Promise<void> {
    const batches = [...this.#batches.values()]
    this.#batches = new Map()
    this.#count = 0
    this.#size = 0
    await this.#running
    this.#running = this.#send(batches)
    // Looked at with the next rows, or by whoever ends it.
    this.#running.catch((error: unknown) => this.#options.onFailed?.(error))
  }

  /** All that has been added is in the database. */
  async end(): Promise<void> {
    await this.flush()
    await this.#running
  }

  /** Waits for what is under way, however it ends. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #send(batches: readonly (readonly R[])[]): Promise<void> {
    for (const rows of batches) {
      // They are made ready for the worker at a stretch.
      await setImmediate()
      const sent = (await this.#sendTogether(rows)) ? rows : await this.#sendSingly(rows)
      if (sent.length > 0) this.#options.onInserted?.(sent)
    }
  }

  async #sendTogether(rows: readonly R[]): Promise<boolean> {
    try {
      await this.#executor.executeMany(
        await this.#textFor(rows),
        rows.map(({ parameters }) => parameters as never),
        { signal: this.#options.signal },
      )
      return true
    } catch (error) {
      // A lost connection, a full disk, a lock: no row's fault.
      if (!(error instanceof DatabaseError) || error instanceof OperationalError) throw error
      return false
    }
  }

  async #textFor(rows: readonly R[]): Promise<string> {
    const [{ statement }] = rows as readonly [R]
    const { table, text, copy } = statement
    if (copy === undefined || rows.length < fewestCopied) return text
    let takes = this.#takesCopy.get(table)
    if (takes === undefined) {
      const { signal } = this.#options
      takes = (await this.#executor.scalar<boolean>(takesCopy, [quotedTable(table, this.#executor.dialect)], { signal })) === true
      this.#takesCopy.set(table, takes)
    }
    return takes ? copy : text
  }

  /** None of them is stored by now: one after another, the database says which one it refuses. */
  async #sendSingly(rows: readonly R[]): Promise<readonly R[]> {
    const sent: R[] = []
    for (const row of rows) {
      if (this.#options.takeUntried?.(row) === true) continue
      try {
        await this.#executor.executeMany(row.statement.text, [row.parameters as never], { signal: this.#options.signal })
        sent.push(row)
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        if (this.#options.takeRefused?.(row, error) !== true) throw await inLine(error, row, this.#executor)
      }
    }
    return sent
  }
}

/** Sends all of them. */
export async function insertAll<R extends LoadedRow>(
  executor: Executor,
  rows: Iterable<R> | AsyncIterable<R>,
  options?: InserterOptions<R>,
): Promise<void> {
  const inserter = new RowInserter<R>(executor, options)
  try {
    for await (const row of rows) {
      if (inserter.isFullFor(row)) await inserter.flush()
      inserter.add(row)
    }
    await inserter.end()
  } finally {
    await inserter.settled()
  }
}

/** Of what a row keeps in memory, about so many bytes. */
export function sizeOf({ parameters }: LoadedRow): number {
  let size = 100
  for (const value of parameters) size += sizeOfValue(value)
  return size
}

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  return Array.isArray(value) ? value.reduce<number>((size, element) => size + sizeOfValue(element), 8) : 8
}
