import type { Column } from '../../schema/column.ts'
import {
  type CheckConstraint,
  type Constraint,
  checkConstraint,
  type ForeignKeyConstraint,
  type Index,
  type Lengths,
  type UniqueConstraint,
} from '../../schema/constraints.ts'
import { memberText } from '../../schema/ddl/create-index.ts'
import { withoutOuterParentheses } from '../../schema/inspection/expression-text.ts'
import { type AnyTable, countedColumn, keyOf, referredName } from '../../schema/table-shape.ts'
import { EnumerationType, quoteText } from '../../schema/types/texts.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { raw, Sql } from '../../sql/template.ts'
import { type InsideSchema, insideSchemaOf } from './own-types.ts'

/** What a column is, in words in which a program and a database agree. */
export interface ColumnFacts {
  readonly type: string
  readonly nullable: boolean
  readonly default: string | null
  readonly generated: string | null
  readonly collation: string | null
  /** The database counts it up. */
  readonly counted: boolean
}

/** A condition that every row must meet. */
export interface CheckFact {
  readonly constraint: CheckConstraint
  /** Whose list it is: the check of an enumeration stands at its column. Else null. */
  readonly column: string | null
}

/** Things of one kind, by what they are: of two that are the same each is there. */
export type Facts<T> = ReadonlyMap<string, readonly T[]>

/** What a table is. */
export interface TableFacts {
  readonly columns: ReadonlyMap<string, ColumnFacts>
  readonly primaryKey: string
  /** In MySQL a unique index is a unique constraint, and the other way round. */
  readonly uniques: Facts<UniqueConstraint | Index>
  readonly checks: Facts<CheckFact>
  readonly foreignKeys: Facts<ForeignKeyConstraint>
  readonly indexes: Facts<Index>
  readonly options: string
}

/**
 * What a table is.
 *
 * @param spelled the same table as the database spells it, its constraints and indexes in the same order
 */
export function factsOf(table: AnyTable, dialect: Dialect, spelled: AnyTable = table): TableFacts {
  const uniqueIndexes = dialect.name === 'mysql' ? table.indexes.filter(({ unique, sql }) => unique && sql === undefined) : []
  const spelling = { dialect, inside: insideSchemaOf(spelled, dialect) }
  const pairs = table.constraints.map((constraint, index) => ({ constraint, as: spelled.constraints[index] }))
  return {
    columns: new Map(table.columns.map(({ name }) => [name, factsOfColumn(spelled, spelled.column(name), spelling)])),
    primaryKey: JSON.stringify((table.primaryKey?.columns ?? []).map((column) => withLength(column, table.primaryKey?.lengths, dialect))),
    uniques: grouped(
      [...table.constraints.filter((constraint) => constraint.kind === 'unique'), ...uniqueIndexes],
      (unique) => JSON.stringify(unique.kind === 'index' ? memberTexts(unique, dialect) : unique.columns),
      (unique) => unique,
    ),
    checks: grouped(
      [...pairs.flatMap(({ constraint, as }) => checkFact(constraint, as, spelling)), ...listChecks(spelled, dialect)],
      ({ text }) => text,
      ({ fact }) => fact,
    ),
    foreignKeys: grouped(
      table.foreignKeys,
      (foreignKey) => foreignKeyFact(table, foreignKey, dialect),
      (foreignKey) => foreignKey,
    ),
    indexes: grouped(
      table.indexes.flatMap((index, at) => (uniqueIndexes.includes(index) ? [] : [{ index, as: spelled.indexes[at] ?? index }])),
      ({ index, as }) => indexFact(index.name, as, spelling),
      ({ index }) => index,
    ),
    options: dialect.name === 'sqlite' ? sqliteOptions(table) : '',
  }
}

function grouped<T, V>(items: readonly T[], keyOfItem: (item: T) => string, factOf: (item: T) => V): Facts<V> {
  return new Map([...Map.groupBy(items, keyOfItem)].map(([key, members]) => [key, members.map(factOf)]))
}

/** How expressions are compared. */
interface Spelling {
  readonly dialect: Dialect
  readonly inside: InsideSchema
}

function factsOfColumn(table: AnyTable, column: Column, spelling: Spelling): ColumnFacts {
  const { dialect } = spelling
  const { type, nullable, options } = column
  const strict = dialect.name === 'sqlite' && table.options.strict === true
  const sqlType = type.sqlType(dialect, strict).toLowerCase()
  const hasRowid = dialect.name === 'sqlite' && table.options.withoutRowid !== true
  // INTEGER PRIMARY KEY is the number of the row in SQLite, whatever else is said of it.
  const isKey = table.primaryKey?.columns.length === 1 && table.primaryKey.columns[0] === column.name
  const counted = countedColumn(table) === column || (hasRowid && isKey && sqlType === 'integer')
  return {
    type: hasRowid && counted ? 'integer' : sqlType,
    nullable,
    default: options.serverDefault === undefined ? null : defaultText(options.serverDefault, spelling),
    generated:
      options.generated === undefined ? null : `${expressionText(options.generated.as, spelling)} ${options.generated.stored ?? true}`,
    collation: options.collation?.toLowerCase() ?? null,
    counted,
  }
}

/** SQLite keeps an expression as it was written, the others are asked how they spell one; what MySQL spells is compared with less care. */
function expressionText(expression: Sql, { dialect, inside }: Spelling): string {
  const text = withoutOuterParentheses(inside(expression.strings.join('').trim()))
  return dialect.name === 'mysql' ? loosely(text) : text
}

// However it was called, and with the digits of its column: MariaDB writes current_timestamp(3).
const moment = /^(?:current_timestamp|now|localtime|localtimestamp)(?:\(\d*\))?$/i

function defaultText(expression: Sql, spelling: Spelling): string {
  const isMoment = spelling.dialect.name === 'mysql' && moment.test(withoutOuterParentheses(expression.strings.join('').trim()))
  return isMoment ? 'current_timestamp' : expressionText(expression, spelling)
}

/** @param as undefined where the database reads it as the list of an enumeration */
function checkFact(constraint: Constraint, as: Constraint | undefined, spelling: Spelling) {
  if (constraint.kind !== 'check' || as?.kind !== 'check') return []
  return [{ text: expressionText(as.expression, spelling), fact: { constraint, column: null } as CheckFact }]
}

/** An enumeration without a type of its own is a check like any other, and one that was written by hand cannot be told from it. */
function listChecks({ columns, options }: AnyTable, dialect: Dialect) {
  return columns.flatMap(({ name, type: { stored: type } }) => {
    if (!(type instanceof EnumerationType) || !(type.checked(dialect) || (dialect.name === 'sqlite' && options.strict === true))) return []
    const text = `${dialect.quoteIdentifier(name)} in (${type.values.map((value) => quoteText(value, dialect)).join(', ')})`
    return [{ text, fact: { constraint: checkConstraint(raw(text)), column: name } as CheckFact }]
  })
}

// A text in quotes, a quoted name, and what stands between them.
const parts = /'(?:[^'\\]|\\.|'')*'|`[^`]*`|[^'`]+/gs

/** What a letter behind a backslash stands for in MySQL: it writes ends of lines so, whoever wrote them otherwise. */
const escapes: Readonly<Record<string, string>> = { 0: '\0', n: '\n', r: '\r', t: '\t' }

/**
 * Texts in quotes are what they are, however they are written. Around them capitals, blanks and brackets say nothing, and true and false are 1
 * and 0.
 */
function loosely(text: string): string {
  return text.replaceAll(parts, (part) => {
    if (part.startsWith("'")) return `'${unescaped(part.slice(1, -1))}'`
    const plain = part.toLowerCase()
    const words = plain.startsWith('`') ? plain : plain.replaceAll(/\btrue\b/g, '1').replaceAll(/\bfalse\b/g, '0')
    return words.replaceAll(/[()\s"`]/g, '')
  })
}

function unescaped(text: string): string {
  return text.replaceAll(/''|\\(.)/gs, (_, escaped: string = "'") => escapes[escaped] ?? escaped)
}

function indexFact(name: string, index: Index, spelling: Spelling): string {
  const { unique, where, sql } = index
  if (sql !== undefined) return JSON.stringify([name, sql])
  const parts = memberTexts(index, spelling.dialect).map(loosely)
  return JSON.stringify([name, unique, parts, where === undefined ? null : expressionText(where, spelling)])
}

function memberTexts({ members, lengths }: Index, dialect: Dialect): readonly string[] {
  return members.map((member) => (member instanceof Sql ? memberText(member, dialect) : withLength(member, lengths, dialect)))
}

/** Brackets around it say nothing where expressions are compared. */
function withLength(column: string, lengths: Lengths | undefined, { name }: Dialect): string {
  const length = name === 'mysql' ? lengths?.[column] : undefined
  return length === undefined ? column : `${column}:${length}`
}

function foreignKeyFact(table: AnyTable, foreignKey: ForeignKeyConstraint, { name }: Dialect): string {
  const { columns, referredTable, referredColumns, onDelete, onUpdate, deferrable, initiallyDeferred } = foreignKey
  // MySQL takes RESTRICT for NO ACTION.
  const action = (given: string | undefined) => (given === undefined || (name === 'mysql' && given === 'restrict') ? 'no action' : given)
  return JSON.stringify([
    columns,
    keyOf(referredName(table, referredTable)),
    referredColumns,
    action(onDelete),
    action(onUpdate),
    deferrable ?? false,
    initiallyDeferred ?? false,
  ])
}

function sqliteOptions(table: AnyTable): string {
  const { strict = false, withoutRowid = false } = table.options
  return JSON.stringify([strict, withoutRowid, !withoutRowid && countedColumn(table)?.options.autoIncrement === true])
}
