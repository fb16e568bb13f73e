import {
  type FunctionNode,
  type LimitNode,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  type QueryCompiler,
  type SelectQueryNode,
  SqliteQueryCompiler,
  ValueNode,
} from 'kysely'
import { type Dialect, type DialectName, dialectFor } from '../../sql/dialect.ts'
import { Sql } from '../../sql/template.ts'
import { spelled } from './dialect-functions.ts'
import { mysqlSpellings } from './mysql-spellings.ts'
import { postgresqlSpellings } from './postgresql-spellings.ts'
import { sqliteSpellings } from './sqlite-spellings.ts'
import { TypedValue } from './typed-value.ts'

/**
 * Kysely's compiler for a dialect, which also knows the values and functions of this layer. A new one each time: it holds what it is writing.
 */
export function compilerFor({ name }: Dialect): QueryCompiler {
  return name === 'sqlite' ? new PreparedSqliteCompiler() : new compilers[name]()
}

/** The same for what Kysely alone has built: as it words a statement, whatever that costs. */
export function kyselyCompilerFor({ name }: Dialect): QueryCompiler {
  return new compilers[name]()
}

// Three classes and not one, since Kysely's three have no common place to put it in.

class SqliteCompiler extends SqliteQueryCompiler {
  protected override visitFunction(node: FunctionNode): void {
    const own = spelled(node, sqliteSpellings)
    if (own === null) super.visitFunction(node)
    else this.visitNode(own)
  }

  protected override appendValue(value: unknown): void {
    if (value instanceof Sql)
      appendSql(
        value,
        (text) => this.append(text),
        (part) => this.appendValue(part),
      )
    else super.appendValue(encoded(value, sqlite))
  }

  protected override sanitizeIdentifier(identifier: string): string {
    return unquoted(sqlite, identifier)
  }
}

class PreparedSqliteCompiler extends SqliteCompiler {
  /** SQLite prepares a statement anew for each run whose LIMIT is a parameter, to plan for that number, but not for what an expression gives. */
  protected override visitLimit(node: LimitNode): void {
    this.append(ValueNode.is(node.limit) ? 'limit +' : 'limit ')
    this.visitNode(node.limit)
  }

  /** SQLite locks no rows: who writes has locked the database. */
  protected override visitSelectQuery(node: SelectQueryNode): void {
    const { endModifiers, ...select } = node
    const others = endModifiers?.filter(({ modifier }) => modifier === undefined || !rowLocks.has(modifier))
    super.visitSelectQuery(others === undefined || others.length === 0 ? select : { ...select, endModifiers: others })
  }
}

const rowLocks: ReadonlySet<string> = new Set(['ForUpdate', 'ForNoKeyUpdate', 'ForShare', 'ForKeyShare', 'NoWait', 'SkipLocked'])

class PostgresqlCompiler extends PostgresQueryCompiler {
  protected override visitFunction(node: FunctionNode): void {
    const own = spelled(node, postgresqlSpellings)
    if (own === null) super.visitFunction(node)
    else this.visitNode(own)
  }

  protected override appendValue(value: unknown): void {
    if (value instanceof Sql)
      appendSql(
        value,
        (text) => this.append(text),
        (part) => this.appendValue(part),
      )
    else super.appendValue(encoded(value, postgresql))
  }

  protected override sanitizeIdentifier(identifier: string): string {
    return unquoted(postgresql, identifier)
  }
}

class MysqlCompiler extends MysqlQueryCompiler {
  protected override visitFunction(node: FunctionNode): void {
    const own = spelled(node, mysqlSpellings)
    if (own === null) super.visitFunction(node)
    else this.visitNode(own)
  }

  protected override appendValue(value: unknown): void {
    if (value instanceof Sql)
      appendSql(
        value,
        (text) => this.append(text),
        (part) => this.appendValue(part),
      )
    else super.appendValue(encoded(value, mysql))
  }

  protected override sanitizeIdentifier(identifier: string): string {
    return unquoted(mysql, identifier)
  }
}

const [sqlite, postgresql, mysql] = [dialectFor('sqlite'), dialectFor('postgresql'), dialectFor('mysql')]
const compilers: Readonly<Record<DialectName, new () => QueryCompiler>> = {
  sqlite: SqliteCompiler,
  postgresql: PostgresqlCompiler,
  mysql: MysqlCompiler,
}

/** Kysely puts the quotes around it by itself. */
function unquoted(dialect: Dialect, identifier: string): string {
  return dialect.quoteIdentifier(identifier).slice(1, -1)
}

function encoded(value: unknown, dialect: Dialect): unknown {
  return value instanceof TypedValue ? value.encode(dialect) : value
}

/** SQL written by hand in the place of a value. */
function appendSql({ strings, values }: Sql, append: (text: string) => void, appendValue: (value: unknown) => void): void {
  for (const [index, text] of strings.entries()) {
    append(text)
    if (index < values.length) appendValue(values[index])
  }
}
