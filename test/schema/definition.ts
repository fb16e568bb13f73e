import type { Dialect } from 'offloop'
import { Sql } from 'offloop'
import type { AnyTable, Column, Index } from 'offloop/schema'

/** What a table is, in words in which the database and the program that defined it agree. */
export function definitionOf(table: AnyTable, dialect: Dialect): object {
  // To MySQL a unique constraint is a unique index, and the other way round.
  const uniqueIndexes = dialect.name === 'mysql' ? table.indexes.filter(({ unique }) => unique) : []
  return {
    name: table.name,
    columns: table.columns.map((column) => columnOf(table, column, dialect)),
    primaryKey: table.primaryKey?.columns ?? null,
    unique: [
      ...table.constraints.flatMap((constraint) => (constraint.kind === 'unique' ? [constraint.columns.join()] : [])),
      ...uniqueIndexes.map(({ members }) => members.join()),
    ].sort(),
    checks: table.constraints.flatMap((constraint) => (constraint.kind === 'check' ? [plain(constraint.expression)] : [])).sort(),
    foreignKeys: table.foreignKeys
      .map(({ columns, referredTable, referredColumns, onDelete, onUpdate }) =>
        [columns.join(), referredTable, referredColumns.join(), action(onDelete, dialect), action(onUpdate, dialect)].join(' '),
      )
      .sort(),
    indexes: table.indexes
      .filter((index) => !uniqueIndexes.includes(index))
      .map((index) => indexOf(index))
      .sort(),
    strict: table.options.strict ?? false,
    withoutRowid: table.options.withoutRowid ?? false,
  }
}

function columnOf(table: AnyTable, { name, type, nullable, options }: Column, dialect: Dialect): object {
  const isKey = table.primaryKey?.columns.length === 1 && table.primaryKey.columns[0] === name
  const isRowid =
    dialect.name === 'sqlite' && isKey && type.countable && options.autoIncrement !== false && table.options.withoutRowid !== true
  const strict = dialect.name === 'sqlite' && table.options.strict === true
  return {
    name,
    type: isRowid ? 'integer' : type.sqlType(dialect, strict).toLowerCase(),
    nullable,
    default: options.serverDefault === undefined ? null : plain(options.serverDefault),
    generated: options.generated === undefined ? null : `${plain(options.generated.as)} ${options.generated.stored ?? true}`,
    collation: options.collation?.toLowerCase() ?? null,
  }
}

/** MySQL takes RESTRICT for NO ACTION, and PostgreSQL tells them apart. */
function action(of: string | undefined, { name }: Dialect): string {
  if (of === undefined || of === 'no action') return 'no action'
  return name === 'mysql' && of === 'restrict' ? 'no action' : of
}

function indexOf({ name, members, unique, where }: Index): string {
  const parts = members.map((member) => (member instanceof Sql ? plain(member) : member))
  return [name, parts.join(), unique, where === undefined ? '' : plain(where)].join(' ')
}

/** Databases add brackets, casts and blanks of their own. */
function plain(sql: Sql): string {
  return sql.sql
    .toLowerCase()
    .replaceAll(/::[a-z]+( varying)?(\[\])?/g, '')
    .replaceAll(/[()\s"`]/g, '')
}
