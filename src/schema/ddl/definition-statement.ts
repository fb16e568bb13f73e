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
    const dialect = dialectFor('sqlite')
    return {
      ...compilerFor(dialect).compileQuery(this.#nodeFor(dialect), createQueryId()),
      [compileFor]: (of: Dialect) => this[compileFor](of),
    }
  }

  [compileFor](dialect: Dialect): DialectStatement {
    const { sql, parameters } = compilerFor(dialect).compileQuery(this.#nodeFor(dialect), createQueryId())
    return { sql, parameters, typing: null }
  }
}
