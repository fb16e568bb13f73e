import { ColumnNode, CreateIndexNode, type OperationNode, RawNode, type RootOperationNode, WhereNode } from 'kysely'
import { NotSupportedError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Sql } from '../../sql/template.ts'
import { raw } from '../compile/dialect-functions.ts'
import type { Index, Lengths } from '../constraints.ts'
import { type AnyTable, tableNode } from '../table-shape.ts'
import { DefinitionStatement } from './definition-statement.ts'
import { sqlNode, sqlText } from './sql-node.ts'

/** CREATE INDEX of one of a table's indexes. */
export function createIndex(table: AnyTable, index: Index): DefinitionStatement {
  return new DefinitionStatement((dialect) => createIndexNode(table, index, dialect))
}

/**
 * An index that only another kind of database has is an ordinary one here: it finds the same rows, if not as fast.
 *
 * @throws {NotSupportedError} MySQL: the index is of a part of the rows; it is unique in a way that only another kind of database has
 */
function createIndexNode(table: AnyTable, index: Index, dialect: Dialect): RootOperationNode {
  const { name, unique, where, sql, sqlOf } = index
  const isForeign = sqlOf !== undefined && sqlOf !== dialect.name
  if (sql !== undefined && !isForeign) return RawNode.createWithSql(sql)
  if (isForeign && unique)
    throw new NotSupportedError(`Index "${name}" is unique in a way that ${sqlOf} alone has, and ${dialect.name} has not.`)
  if (where !== undefined && dialect.name === 'mysql')
    throw new NotSupportedError(`Index "${name}": mysql has no indexes of a part of the rows.`)
  const inSchema = dialect.name === 'sqlite' && table.schema !== undefined
  // SQLite: the index is what has a schema, and its table is one of the same.
  const node = CreateIndexNode.cloneWith(CreateIndexNode.create(inSchema ? `${table.schema}` : name), {
    table: tableNode(inSchema ? { name: table.name, schema: undefined } : table),
    columns: indexMembers(index, dialect),
    ...(unique ? { unique: true } : {}),
    ...(where === undefined ? {} : { where: WhereNode.create(sqlNode(where)) }),
  })
  if (!inSchema) return node
  const qualified = RawNode.createWithSql(`${dialect.quoteIdentifier(table.schema as string)}.${dialect.quoteIdentifier(name)}`)
  // Kysely takes an identifier there, and writes whatever node it is given.
  return { ...node, name: qualified } as unknown as CreateIndexNode
}

/** What stands in the brackets of an index. */
export function indexMembers({ members, lengths }: Index, dialect: Dialect): OperationNode[] {
  return members.map((member) => (typeof member === 'string' ? keyColumn(member, lengths, dialect) : memberNode(member, dialect)))
}

/** A column of an index or a key, or as much of its beginning as is in there. */
export function keyColumn(name: string, lengths: Lengths | undefined, dialect: Dialect): OperationNode {
  const length = dialect.name === 'mysql' ? lengths?.[name] : undefined
  return length === undefined ? ColumnNode.create(name) : raw(`${dialect.quoteIdentifier(name)}(${length})`)
}

/** A column, with what may follow it: no expression. */
const plain = /^(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[a-z_]\w*)(?:\s+collate\s+\S+)?$/i
const direction = /(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*$/i

/** PostgreSQL alone lets an index say where NULL stands in its order. */
export function memberText(member: Sql, { name }: Dialect): string {
  const text = sqlText(member).trim()
  return name === 'postgresql' ? text : text.replace(/\s+nulls\s+(?:first|last)$/i, '')
}

/** An expression stands in brackets, and what follows it, such as `desc`, behind them; SQLite needs none. */
function memberNode(member: Sql, dialect: Dialect): OperationNode {
  const text = memberText(member, dialect)
  if (dialect.name === 'sqlite') return raw(text)
  const order = direction.exec(text)?.[0] ?? ''
  const expression = text.slice(0, text.length - order.length)
  return raw(plain.test(expression) ? text : `(${expression})${order}`)
}
