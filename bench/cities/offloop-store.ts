import { type AsyncEngine, createEngine } from 'offloop'
import type { Parameter, Row, RunStatement, Store } from './store.ts'

/** SQL off the event loop: every statement runs in a worker thread. */
export class OffloopStore implements Store {
  readonly name = 'offloop'
  readonly #engine: AsyncEngine

  constructor(file: string) {
    this.#engine = createEngine(`sqlite:///${file}`)
  }

  script(sql: string): Promise<void> {
    return this.#engine.script(sql)
  }

  async insertMany(sql: string, rows: Iterable<readonly Parameter[]>): Promise<number> {
    const { rowcount } = await this.#engine.executeMany(sql, rows)
    return rowcount
  }

  one<R extends Row>(sql: string, parameters: readonly Parameter[]): Promise<R | null> {
    return this.#engine.execute<R>(sql, parameters).first()
  }

  all<R extends Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly R[]> {
    return this.#engine.execute<R>(sql, parameters).fetchall()
  }

  stream<R extends Row>(sql: string): AsyncIterable<R> {
    return this.#engine.stream<R>(sql)
  }

  transaction<T>(work: (run: RunStatement) => Promise<T>): Promise<T> {
    return this.#engine.transaction((tx) => work(async (sql, parameters) => (await tx.execute(sql, parameters)).rowcount))
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}
