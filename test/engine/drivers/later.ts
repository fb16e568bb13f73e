import type { Driver, DriverConnection, DriverStatement, RowIterator } from 'offloop/driver'

// The driver of the package itself, from behind: what is tested is that every answer of a driver may be a promise.
import { betterSqlite3Driver } from '../../../worker/drivers/better-sqlite3.ts'

/** A driver of a third party whose every answer comes a turn of the event loop later. */
const driver: Driver = {
  ...betterSqlite3Driver,
  name: 'later',
  open: async (options) => new LaterConnection(await later(() => betterSqlite3Driver.open(options))),
}

export default driver

async function later<T>(work: () => T | Promise<T>): Promise<T> {
  await new Promise(setImmediate)
  return await work()
}

class LaterConnection implements DriverConnection {
  readonly #connection: DriverConnection

  constructor(connection: DriverConnection) {
    this.#connection = connection
  }

  get handle(): object {
    return this.#connection.handle
  }

  get inTransaction(): boolean {
    return this.#connection.inTransaction
  }

  async prepare(sql: string, names: readonly string[] | null): Promise<DriverStatement> {
    return new LaterStatement(await later(() => this.#connection.prepare(sql, names)))
  }

  script(sql: string): Promise<void> {
    return later(() => this.#connection.script(sql))
  }

  lastRowid(): Promise<bigint> {
    return later(() => this.#connection.lastRowid())
  }

  backup(...args: Parameters<NonNullable<DriverConnection['backup']>>): Promise<void> {
    return later(() => this.#connection.backup?.(...args))
  }

  close(): Promise<void> {
    return later(() => this.#connection.close())
  }

  toWireError(error: unknown): ReturnType<DriverConnection['toWireError']> {
    return this.#connection.toWireError(error)
  }
}

class LaterStatement implements DriverStatement {
  readonly #statement: DriverStatement

  constructor(statement: DriverStatement) {
    this.#statement = statement
  }

  get returnsRows(): boolean {
    return this.#statement.returnsRows
  }

  get readonly(): boolean {
    return this.#statement.readonly
  }

  get setsLastRowid(): boolean {
    return this.#statement.setsLastRowid
  }

  get busy(): boolean {
    return this.#statement.busy
  }

  columns(): ReturnType<DriverStatement['columns']> {
    return this.#statement.columns()
  }

  run(...args: Parameters<DriverStatement['run']>): ReturnType<DriverStatement['run']> {
    return later(() => this.#statement.run(...args))
  }

  iterate(...args: Parameters<DriverStatement['iterate']>): RowIterator {
    const rows = this.#statement.iterate(...args)
    return { next: () => later(() => rows.next()), return: () => later(() => rows.return()) }
  }

  finalize(): void {
    this.#statement.finalize()
  }
}
