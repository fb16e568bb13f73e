import { ColumnNode, CreateIndexNode, type OperationNode, RawNode, type RootOperationNode, WhereNode } from 'kysely'
import { NotSupportedError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Sql } from '../../sql/template.ts'
import { raw } from '../compile/dialect-functions.ts'
import type { Index } from '../constraints.ts'
import { type AnyTable, tableNode } from '../table-shape.ts'
import { DefinitionStatement } from './definition-statement.ts'
import { sqlNode, sqlText } from './sql-node.ts'

/** CREATE INDEX of one of a table's indexes. */
export function createIndex(table: AnyTable, index: Index): DefinitionStatement {
  return new DefinitionStatement((dialect) => createIndexNode(table, index, dialect))
}

/** @throws {NotSupportedError} MySQL: the index is of a part of the rows */
function createIndexNode(table: AnyTable, { name, members, unique, where, sql }: Index, dialect: Dialect): RootOperationNode {
  if (sql !== undefined) return RawNode.createWithSql(sql)
  if (where !== undefined && dialect.name === 'mysql')
    throw new NotSupportedError(`Index "${name}": mysql has no indexes of a part of the rows.`)
  const inSchema = dialect.name === 'sqlite' && table.schema !== undefined
  // SQLite: the index is what has a schema, and its table is one of the same.
  const node = CreateIndexNode.cloneWith(CreateIndexNode.create(inSchema ? `${table.schema}` : name), {
    table: tableNode(inSchema ? { name: table.name, schema: undefined } : table),
    columns: members.map((member) => (typeof member === 'string' ? ColumnNode.create(member) : memberNode(member, dialect))),
    ...(unique ? { unique: true } : {}),
    ...(where === undefined ? {} : { where: WhereNode.create(sqlNode(where)) }),
  })
  if (!inSchema) return node
  const qualified = RawNode.createWithSql(`${dialect.quoteIdentifier(table.schema as string)}.${dialect.quoteIdentifier(name)}`)
  // Kysely takes an identifier there, and writes whatever node it is given.
  return { ...node, name: qualified } as unknown as CreateIndexNode
}

/** A column, with what may follow it: no expression. */
const plain = /^(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[a-z_]\w*)(?:\s+collate\s+\S+)?$/i
const direction = /\s+(?:asc|desc)?(?:\s+nulls\s+(?:first|last))?\s*$/i

/** An expression stands in brackets, and what follows it, such as `desc`, behind them; SQLite needs none. */
function memberNode(member: Sql, { name }: Dialect): OperationNode {
  const text = sqlText(member).trim()
  if (name === 'sqlite') return raw(text)
  const order = direction.exec(text)?.[0] ?? ''
  const expression = text.slice(0, text.length - order.length)
  return raw(plain.test(expression) ? text : `(${expression})${order}`)
}
