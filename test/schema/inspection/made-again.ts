import type { Dialect } from 'offloop'
import type { ColumnDescription, ForeignKeyDescription, IndexDescription, KeyMember, TableDescription } from 'offloop/schema'

type Quote = Dialect['quoteIdentifier']

/** The statements that make a table again out of nothing but its description, and none of the texts that a database may keep of it. */
export function statementsFor(table: TableDescription, { name, quoteIdentifier }: Dialect): readonly string[] {
  return MAKERS[name](table, quoteIdentifier)
}

const MAKERS: Readonly<Record<Dialect['name'], (table: TableDescription, quote: Quote) => readonly string[]>> = {
  sqlite: sqliteStatements,
  postgresql: postgresqlStatements,
  mysql: mysqlStatements,
}

function sqliteStatements(table: TableDescription, quote: Quote): readonly string[] {
  const { options, uniqueConstraints, foreignKeys, checks } = table
  const key = sqliteKey(table, quote)
  const items = [
    ...table.columns.map((column) =>
      words(sqliteColumn(column, table, quote), isKeyAtColumn(table) && table.primaryKey.columns[0] === column.name ? key : ''),
    ),
    ...(isKeyAtColumn(table) || key === '' ? [] : [key]),
    ...uniqueConstraints.map(({ name, members, onConflict }) =>
      words(constraint(name, quote), `unique (${members.map((member) => sqliteMember(member, quote)).join()})`, conflict(onConflict)),
    ),
    ...foreignKeys.map((foreign) => foreignKey(foreign, quote)),
    ...checks
      .filter(({ column }) => column === null)
      .map(({ name, expression }) => words(constraint(name, quote), `check (${expression}\n)`)),
  ]
  const ends = [options.strict ? 'strict' : '', options.withoutRowid ? 'without rowid' : ''].filter((end) => end !== '').join()
  return [
    `create table ${quote(table.name)} (${items.join(', ')}) ${ends}`,
    ...table.indexes.map((index) => createIndex(table, index, quote, (member) => sqliteMember(member, quote))),
  ]
}

/** INTEGER PRIMARY KEY DESC is no number of the row, and only at the column: https://www.sqlite.org/lang_createtable.html#rowid */
function isKeyAtColumn({ columns, primaryKey, options }: TableDescription): boolean {
  const [key, ...others] = columns.filter(({ name }) => primaryKey.columns.includes(name))
  return key !== undefined && others.length === 0 && /^integer$/i.test(key.type) && !key.autoIncrement && !options.withoutRowid
}

function sqliteKey(table: TableDescription, quote: Quote): string {
  const { name, columns, members, onConflict } = table.primaryKey
  if (columns.length === 0) return ''
  const autoIncrement = table.options.autoIncrement ? ' autoincrement' : ''
  const which = isKeyAtColumn(table) ? 'desc' : `(${members.map((member) => sqliteMember(member, quote)).join()}${autoIncrement})`
  return words(constraint(name, quote), 'primary key', which, conflict(onConflict))
}

function sqliteColumn(column: ColumnDescription, { checks }: TableDescription, quote: Quote): string {
  const { name, type, collation, generated, notNullOnConflict, nullable, autoIncrement } = column
  return words(
    quote(name),
    sqliteType(type, quote),
    ...checks
      .filter((check) => check.column === name)
      .map((check) => words(constraint(check.name, quote), `check (${check.expression}\n)`)),
    collation === null ? '' : `collate ${quote(collation)}`,
    // A key that counts is never null, whether it says so or not.
    nullable || (autoIncrement && notNullOnConflict === null) ? '' : words('not null', conflict(notNullOnConflict)),
    column.default === null ? '' : `default (${column.default}\n)`,
    generated === false ? '' : `generated always as (${generated.expression}\n) ${generated.stored ? 'stored' : 'virtual'}`,
  )
}

/** A declared type may be any text, and SQLite takes a quoted one. INTEGER has to stand without quotes. */
function sqliteType(type: string, quote: Quote): string {
  return type === '' || /^[a-z_]\w*(\([\d ,+-]*\))?$/i.test(type) ? type : quote(type)
}

function sqliteMember({ column, expression, collation, descending }: KeyMember, quote: Quote): string {
  return words(
    column === null ? `${expression}` : quote(column),
    collation === null ? '' : `collate ${quote(collation)}`,
    descending ? 'desc' : '',
  )
}

function conflict(action: string | null): string {
  return action === null ? '' : `on conflict ${action}`
}

function postgresqlStatements(table: TableDescription, quote: Quote): readonly string[] {
  const on = `${quote(table.schema)}.${quote(table.name)}`
  const { primaryKey } = table
  const keys = [
    ...(primaryKey.columns.length === 0 ? [] : [{ ...primaryKey, kind: 'primary key' }]),
    ...table.uniqueConstraints.map((unique) => ({ ...unique, kind: unique.nullsDistinct ? 'unique' : 'unique nulls not distinct' })),
  ]
  const items = [
    ...table.columns.map((column) => postgresqlColumn(column, quote)),
    ...keys.map(({ name, kind, columns, include, deferrable, initially }) =>
      words(
        constraint(name, quote),
        kind,
        list(columns, quote),
        include.length === 0 ? '' : `include ${list(include, quote)}`,
        timing(deferrable, initially),
      ),
    ),
    ...table.foreignKeys.map((key) => foreignKey(key, quote)),
    ...table.checks.map(({ name, expression, noInherit }) =>
      words(constraint(name, quote), `check (${expression})`, noInherit ? 'no inherit' : ''),
    ),
    ...table.exclusionConstraints.map(({ name, definition }) => words(constraint(name, quote), definition)),
  ]
  const comments = [
    ...(table.options.comment === null ? [] : [`comment on table ${on} is ${literal(table.options.comment)}`]),
    ...table.columns.flatMap(({ name, comment }) =>
      comment === null ? [] : [`comment on column ${on}.${quote(name)} is ${literal(comment)}`],
    ),
  ]
  return [
    `create ${table.options.unlogged ? 'unlogged' : ''} table ${on} (${items.join(', ')})`,
    ...table.indexes.map((index) => createIndex({ ...table, name: table.name }, index, quote, (member) => postgresqlMember(member, quote))),
    ...comments,
  ]
}

function postgresqlColumn(column: ColumnDescription, quote: Quote): string {
  const { name, type, collation, nullable, identity, sequence, generated, autoIncrement } = column
  const serial = autoIncrement && identity === null
  const counts =
    sequence === null
      ? ''
      : `(start ${sequence.start} increment ${sequence.increment} minvalue ${sequence.minimum} maxvalue ${sequence.maximum})`
  return words(
    quote(name),
    serial ? ({ bigint: 'bigserial', smallint: 'smallserial' }[type] ?? 'serial') : type,
    collation === null ? '' : `collate ${quote(collation)}`,
    nullable ? '' : 'not null',
    identity === null ? '' : `generated ${identity} as identity ${counts}`,
    generated === false ? '' : `generated always as (${generated.expression}) stored`,
    column.default === null || serial ? '' : `default (${column.default})`,
  )
}

function postgresqlMember({ column, expression, collation, operatorClass, descending, nullsFirst }: KeyMember, quote: Quote): string {
  return words(
    column === null ? `(${expression})` : quote(column),
    collation === null ? '' : `collate ${quote(collation)}`,
    operatorClass ?? '',
    descending ? 'desc' : '',
    nullsFirst === null ? '' : nullsFirst ? 'nulls first' : 'nulls last',
  )
}

function mysqlStatements(table: TableDescription, quote: Quote): readonly string[] {
  const { engine, charset, collation, comment } = table.options
  const { primaryKey } = table
  const member = ({ column, length, descending }: KeyMember) =>
    words(`${quote(column ?? '')}${length === null ? '' : `(${length})`}`, descending ? 'desc' : '')
  const members = (all: readonly KeyMember[]) => `(${all.map(member).join()})`
  const items = [
    ...table.columns.map((column) => mysqlColumn(column, table, quote)),
    ...(primaryKey.columns.length === 0 ? [] : [`primary key ${members(primaryKey.members)}`]),
    ...table.uniqueConstraints.map((unique) => words(constraint(unique.name, quote), 'unique', members(unique.members))),
    ...table.indexes.map((index) => {
      const kind = index.unique ? 'unique key' : index.method === 'fulltext' || index.method === 'spatial' ? `${index.method} key` : 'key'
      return words(kind, quote(index.name), members(index.members), index.comment === null ? '' : `comment ${literal(index.comment)}`)
    }),
    ...table.foreignKeys.map((key) => foreignKey(key, quote)),
    ...table.checks
      .filter(({ column }) => column === null)
      .map(({ name, expression }) => words(constraint(name, quote), `check (${expression})`)),
  ]
  const options = words(
    `engine ${engine}`,
    `charset ${charset}`,
    `collate ${collation}`,
    comment === null ? '' : `comment ${literal(comment)}`,
  )
  return [`create table ${quote(table.name)} (${items.join(', ')}) ${options}`]
}

function mysqlColumn(column: ColumnDescription, { checks }: TableDescription, quote: Quote): string {
  const { name, type, typeInfo, collation, generated, nullable, autoIncrement, hidden, comment, onUpdate } = column
  return words(
    quote(name),
    typeInfo.kind === 'json' ? 'json' : type,
    collation === null ? '' : `collate ${collation}`,
    generated === false
      ? nullable
        ? 'null'
        : 'not null'
      : `generated always as (${generated.expression}) ${generated.stored ? 'stored' : 'virtual'}`,
    column.default === null ? '' : `default (${column.default})`,
    onUpdate === null ? '' : `on update ${onUpdate}`,
    autoIncrement ? 'auto_increment' : '',
    hidden ? 'invisible' : '',
    comment === null ? '' : `comment ${literal(comment)}`,
    ...checks.filter((check) => check.column === name).map(({ expression }) => `check (${expression})`),
  )
}

function createIndex(table: TableDescription, index: IndexDescription, quote: Quote, member: (member: KeyMember) => string): string {
  return words(
    `create ${index.unique ? 'unique' : ''} index ${quote(index.name)} on ${quote(table.name)}`,
    index.method === null ? '' : `using ${index.method}`,
    `(${index.members.map(member).join()})`,
    index.include.length === 0 ? '' : `include ${list(index.include, quote)}`,
    index.nullsDistinct ? '' : 'nulls not distinct',
    index.where === null ? '' : `where ${index.where}`,
  )
}

function foreignKey(key: ForeignKeyDescription, quote: Quote): string {
  return words(
    constraint(key.name, quote),
    `foreign key ${list(key.columns, quote)} references ${quote(key.referredTable)}`,
    key.referredColumns.length === 0 ? '' : list(key.referredColumns, quote),
    key.match === 'simple' ? '' : `match ${key.match}`,
    `on delete ${key.onDelete}`,
    key.onDeleteColumns === null ? '' : list(key.onDeleteColumns, quote),
    `on update ${key.onUpdate}`,
    timing(key.deferrable, key.initially),
  )
}

function timing(deferrable: boolean, initially: string): string {
  return deferrable ? `deferrable initially ${initially}` : ''
}

function constraint(name: string | null, quote: Quote): string {
  return name === null ? '' : `constraint ${quote(name)}`
}

function list(columns: readonly string[], quote: Quote): string {
  return `(${columns.map((column) => quote(column)).join()})`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}
