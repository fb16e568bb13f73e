import type { Expression } from 'kysely'
import { InvalidRequestError } from '../errors.ts'
import { and, type ConditionLike } from '../schema/condition.ts'
import type { Executor, Row } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Executable } from '../sql/statement.ts'

/** What of Kysely's builders is used here. */
interface Builder {
  where?(condition: ConditionLike): Executable
  limit?(rows: number): Executable
  offset?(rows: number): Executable
  orderBy?(name: unknown, direction?: string): Executable
}

/** A statement that conditions, an order and a limit are added to, one after another: each method gives a new one. */
export class StatementBuilder {
  readonly #statement: Executable
  readonly #executor: Executor

  constructor(statement: Executable, executor: Executor) {
    this.#statement = statement
    this.#executor = executor
  }

  /** All of these hold; of none, nothing is added. */
  where(conditions: readonly ConditionLike[] | null | undefined): StatementBuilder {
    if (conditions === null || conditions === undefined || conditions.length === 0) return this
    return this.#with('where', (builder) => builder.where?.(and(...conditions)))
  }

  /** Names of columns, '-' first for the other way, or expressions. */
  orderBy(...names: readonly (string | readonly string[] | Expression<unknown>)[]): StatementBuilder {
    return (names.flat() as readonly unknown[]).reduce<StatementBuilder>((built, name) => {
      if (typeof name !== 'string') return built.#with('orderBy', (builder) => builder.orderBy?.(name))
      const descending = name.startsWith('-')
      return built.#with('orderBy', (builder) => builder.orderBy?.(descending ? name.slice(1) : name, descending ? 'desc' : 'asc'))
    }, this)
  }

  /** null: no limit. */
  limit(rows: number | null): StatementBuilder {
    return rows === null ? this : this.#with('limit', (builder) => builder.limit?.(rows))
  }

  offset(rows: number): StatementBuilder {
    return this.#with('offset', (builder) => builder.offset?.(rows))
  }

  #with(method: keyof Builder, change: (builder: Builder) => Executable | undefined): StatementBuilder {
    const statement = this.#statement
    const changed = typeof statement === 'object' && statement !== null ? change(statement as Builder) : undefined
    if (changed !== undefined) return new StatementBuilder(changed, this.#executor)
    throw new InvalidRequestError(`${method}() adds to a statement of Model.table: this one is ${describeValue(statement)}.`)
  }

  async fetchall(): Promise<Row[]> {
    return await this.#executor.execute<Row>(this.#statement).fetchall()
  }

  async fetchone(): Promise<Row | null> {
    return await this.#executor.execute<Row>(this.#statement).first()
  }

  async scalar<T = unknown>(): Promise<T | null> {
    return await this.#executor.scalar<T>(this.#statement)
  }

  /** Rows changed. */
  async rowcount(): Promise<number> {
    return (await this.#executor.execute(this.#statement)).rowcount
  }
}
