import { type CompiledQuery, createQueryId, type RootOperationNode } from 'kysely'
import { type Dialect, dialectFor } from '../../sql/dialect.ts'
import { compileFor, type DialectStatement, type ForAnyDialect } from '../../sql/typed-statement.ts'
import { compilerFor } from '../compile/dialect-compilers.ts'

/** A statement that defines something: made of nodes when it is known for which dialect. */
export class DefinitionStatement implements ForAnyDialect {
  readonly #nodeFor: (dialect: Dialect) => RootOperationNode

  constructor(nodeFor: (dialect: Dialect) => RootOperationNode) {
    this.#nodeFor = nodeFor
  }

  /** Says itself in SQLite's SQL, or, to an engine, in its own. */
  compile(): CompiledQuery & ForAnyDialect {
    const sqlite = dialectFor('sqlite')
    // Asked for only by who wants SQLite's: it may have no word for what another database has.
    const compiled = () => compilerFor(sqlite).compileQuery(this.#nodeFor(sqlite), createQueryId())
    return {
      get query() {
        return compiled().query
      },
      get sql() {
        return compiled().sql
      },
      get parameters() {
        return compiled().parameters
      },
      queryId: createQueryId(),
      [compileFor]: (of: Dialect) => this[compileFor](of),
    }
  }

  [compileFor](dialect: Dialect): DialectStatement {
    const { sql, parameters } = compilerFor(dialect).compileQuery(this.#nodeFor(dialect), createQueryId())
    return { sql, parameters, typing: null }
  }
}
