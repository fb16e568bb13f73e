import { type CompiledQuery, type createQueryId, DefaultQueryExecutor, type RootOperationNode, SqliteAdapter } from 'kysely'
import { InvalidRequestError } from '../../errors.ts'
import { type Dialect, dialectFor } from '../../sql/dialect.ts'
import { compileFor, type DialectStatement, type ForAnyDialect } from '../../sql/typed-statement.ts'
import type { Catalogue } from '../table-shape.ts'
import { compilerFor } from './dialect-compilers.ts'
import { typeStatement } from './typing.ts'

type QueryId = ReturnType<typeof createQueryId>

/** A statement of Kysely's nodes that is compiled when it is known for which dialect. As Kysely's compiled query it is one of SQLite. */
export class NeutralQuery implements CompiledQuery, ForAnyDialect {
  readonly query: RootOperationNode
  readonly queryId: QueryId
  readonly #catalogue: Catalogue

  constructor(query: RootOperationNode, queryId: QueryId, catalogue: Catalogue) {
    this.query = query
    this.queryId = queryId
    this.#catalogue = catalogue
  }

  get sql(): string {
    return this[compileFor](dialectFor('sqlite')).sql
  }

  get parameters(): readonly unknown[] {
    return this[compileFor](dialectFor('sqlite')).parameters
  }

  [compileFor](dialect: Dialect): DialectStatement {
    const { node, typing } = typeStatement(this.query, this.#catalogue, dialect)
    const { sql, parameters } = compilerFor(dialect).compileQuery(node, this.queryId)
    return { sql, parameters, typing }
  }
}

const executors = new WeakMap<Catalogue, DefaultQueryExecutor>()

/** What Kysely's builders of a catalogue's tables compile with. They belong to no database: an engine runs them, and not they themselves. */
export function executorOf(catalogue: Catalogue): DefaultQueryExecutor {
  let executor = executors.get(catalogue)
  if (executor === undefined) {
    const compiler = { compileQuery: (node: RootOperationNode, queryId: QueryId) => new NeutralQuery(node, queryId, catalogue) }
    executor = new DefaultQueryExecutor(compiler, new SqliteAdapter(), { provideConnection: refuseToRun })
    executors.set(catalogue, executor)
  }
  return executor
}

async function refuseToRun(): Promise<never> {
  throw new InvalidRequestError(
    'A statement of a Table belongs to no database: hand it to execute() of an engine, a connection or a transaction.',
  )
}
