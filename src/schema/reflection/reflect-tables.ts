import { InvalidRequestError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
import { printableName } from '../../sql/nearest-name.ts'
import { checkOptionNames } from '../../sql/option-names.ts'
import { raw, type Sql } from '../../sql/template.ts'
import type { ColumnOptions } from '../column-options.ts'
import { ColumnSpec } from '../column-spec.ts'
import type { ColumnType } from '../column-type.ts'
import {
  type Constraint,
  checkConstraint,
  foreignKeyConstraint,
  type Index,
  index,
  type Lengths,
  primaryKeyConstraint,
  uniqueConstraint,
} from '../constraints.ts'
import type { ColumnSpecs } from '../infer.ts'
import type {
  ColumnDescription,
  TableOptions as DescribedOptions,
  IndexDescription,
  KeyMember,
  TableDescription,
} from '../inspection/descriptions.ts'
import { inspect } from '../inspection/inspector.ts'
import { Table } from '../table.ts'
import { type Catalogue, keyOf, noteRead, type QualifiedName, type TableOptions } from '../table-shape.ts'
import { enumerationCheck } from './enumeration-check.ts'
import { typeOfColumn } from './type-of-column.ts'

/** What `metadata.reflect()` reads. */
export interface ReflectOptions {
  /** Default: the MetaData's, or where a name without a schema leads. */
  readonly schema?: string | undefined
  /** Views too. Default: false. */
  readonly views?: boolean | undefined
  /** Only these tables, and nothing that they refer to. */
  readonly only?: readonly string[] | undefined
}

/**
 * Makes a Table of each table of the database that the catalogue does not have.
 *
 * @throws {InvalidRequestError} `only` names a table that is not there
 * @throws {ArgumentError} an option is unknown
 */
export async function reflectTables(executor: Executor, catalogue: Catalogue, options: ReflectOptions = {}): Promise<void> {
  checkOptionNames(options, ['schema', 'views', 'only'], 'reflect()')
  const { views = false, only } = options
  const schema = options.schema ?? catalogue.schema
  const descriptions = await inspect(executor).describe({ schema, only, views })
  for (const description of descriptions) {
    if (schema === undefined) noteRead(catalogue, description)
    if (!isReadable(description, only !== undefined)) continue
    if (!catalogue.tables.has(keyOf({ name: description.name, schema })))
      reflectTable(description, catalogue, { schema, dialect: executor.dialect })
  }
}

/**
 * A view of what is gone, and one that calls a function which only its own program has, have no columns that anybody could tell.
 *
 * @throws {InvalidRequestError} it was asked for by its name
 */
function isReadable({ name, unreadable }: TableDescription, isNamed: boolean): boolean {
  if (unreadable !== null && isNamed) throw new InvalidRequestError(`The columns of ${printableName(name)} cannot be read: ${unreadable}`)
  return unreadable === null
}

interface Place {
  readonly dialect: Dialect
  readonly schema: string | undefined
}

function reflectTable(description: TableDescription, catalogue: Catalogue, place: Place): void {
  const { name, options, view, checks, indexes } = description
  const { dialect, schema } = place
  const specs: Record<string, ColumnSpecs[string]> = Object.create(null)
  const used = new Set<unknown>()
  for (const column of description.columns) {
    const enumeration = enumerationCheck(column, checks, dialect)
    if (enumeration !== null) used.add(enumeration.check)
    const type = enumeration?.type ?? typeOfColumn(column, { dialect, strict: options.strict, schema })
    specs[column.name] = new ColumnSpec<unknown, unknown, ColumnOptions>(type, optionsOfColumn(column, type, description))
  }
  new Table<string, ColumnSpecs>(name, catalogue, specs, {
    schema,
    constraints: constraintsOf({ ...description, checks: checks.filter((check) => !used.has(check)) }),
    indexes: indexes
      .filter((found) => !servesForeignKey(found, description, dialect))
      .map((found) => reflectedIndex(found, description, place)),
    ...optionsOfTable(options),
    ...(view === null ? {} : { view: view.definition }),
    ...(options.kind === 'materialized view' ? { materialized: true } : {}),
  })
}

function optionsOfTable({ strict, withoutRowid, comment, engine, collation }: DescribedOptions): TableOptions {
  return {
    ...(strict ? { strict } : {}),
    ...(withoutRowid ? { withoutRowid } : {}),
    ...(comment === null ? {} : { comment }),
    ...(engine === null || engine === 'InnoDB' ? {} : { engine }),
    ...(collation === null ? {} : { collation }),
  }
}

function optionsOfColumn(column: ColumnDescription, type: ColumnType, { primaryKey, options }: TableDescription): ColumnOptions {
  const isKey = primaryKey.columns.includes(column.name)
  const isOnlyKey = isKey && primaryKey.columns.length === 1
  // A number that a key counts up to is no default; what a sequence gives to any other column is one.
  // MySQL counts in a DOUBLE too: this layer does so in whole numbers alone.
  // PostgreSQL has no identity of a domain's type.
  const counts = column.autoIncrement && type.countable && column.domain === null
  return {
    ...(isKey ? { primaryKey: true } : column.nullable ? {} : { nullable: false }),
    ...counting(counts, isOnlyKey, options.autoIncrement),
    ...(column.default === null || counts ? {} : { serverDefault: raw(column.default) }),
    ...(column.onUpdate === null ? {} : { serverOnUpdate: raw(column.onUpdate) }),
    ...(column.generated === false ? {} : { generated: { as: raw(column.generated.expression), stored: column.generated.stored } }),
    ...(column.collation === null ? {} : { collation: column.collation }),
    ...(column.comment === null ? {} : { comment: column.comment }),
  }
}

function counting(counts: boolean, isOnlyKey: boolean, keyword: boolean): ColumnOptions {
  if (counts) return isOnlyKey && !keyword ? {} : { autoIncrement: true }
  return isOnlyKey ? { autoIncrement: false } : {}
}

function constraintsOf({ primaryKey, uniqueConstraints, foreignKeys, checks }: TableDescription): readonly Constraint[] {
  const { columns: ofKey, members, name: nameOfKey } = primaryKey
  const key = ofKey.length === 0 ? [] : [primaryKeyConstraint(ofKey, { ...named(nameOfKey), lengths: lengthsOf(members) })]
  return [
    ...key,
    ...uniqueConstraints.map(({ columns, name }) => uniqueConstraint(columns, named(name))),
    ...foreignKeys.map(({ columns, referredTable, referredSchema, referredColumns, name, onDelete, onUpdate, deferrable, initially }) =>
      foreignKeyConstraint(columns, keyOf({ name: referredTable, schema: referredSchema }), referredColumns, {
        ...named(name),
        ...(onDelete === 'no action' ? {} : { onDelete }),
        ...(onUpdate === 'no action' ? {} : { onUpdate }),
        ...(deferrable ? { deferrable } : {}),
        ...(initially === 'deferred' ? { initiallyDeferred: true } : {}),
      }),
    ),
    ...checks.map(({ expression, name }) => checkConstraint(raw(expression), named(name))),
  ]
}

function lengthsOf(members: readonly KeyMember[]): Lengths {
  return Object.fromEntries(members.flatMap(({ column, length }) => (column === null || length === null ? [] : [[column, length]])))
}

function named(name: string | null): { readonly name?: string } {
  return name === null ? {} : { name }
}

/**
 * MySQL makes an index for each foreign key that has none, under its name or that of its first column: where another one would have served, this
 * was made by hand.
 */
function servesForeignKey(index: IndexDescription, description: TableDescription, dialect: Dialect): boolean {
  const { name, columns, unique } = index
  const { foreignKeys, primaryKey, uniqueConstraints, indexes } = description
  if (dialect.name !== 'mysql' || unique || index.members.some(({ length }) => length !== null)) return false
  const others = [primaryKey, ...uniqueConstraints, ...indexes.filter((other) => other !== index)]
  return foreignKeys.some(
    (key) =>
      (key.name === name || key.columns[0] === name) &&
      key.columns.join('\0') === columns.join('\0') &&
      !others.some(({ members }) => key.columns.every((column, at) => members[at]?.column === column && members[at].length === null)),
  )
}

/** An index of columns is said in words of this layer, and any other by its own CREATE INDEX. */
function reflectedIndex(found: IndexDescription, { name: table }: TableDescription, { dialect, schema }: Place): Index {
  const { name, members, unique, where, method, include, nullsDistinct } = found
  const plain = members.every((member) => member.collation === null && member.operatorClass === null)
  const ordered = method === null || method === 'btree' || (dialect.name === 'mysql' && method === 'hash')
  const made = index(
    name,
    members.map((member) => indexMember(member, dialect)),
    { unique, lengths: lengthsOf(members), ...(where === null ? {} : { where: raw(where) }) },
  )
  if (plain && ordered && include.length === 0 && nullsDistinct) return made
  const sql = found.sql ?? mysqlIndex(found, { name: table, schema }, dialect)
  return Object.freeze({ ...made, sql, sqlOf: dialect.name })
}

function indexMember({ column, expression, descending, nullsFirst }: KeyMember, { quoteIdentifier }: Dialect): string | Sql {
  // PostgreSQL takes NULL for the greatest of all.
  const nulls = nullsFirst === null || nullsFirst === descending ? '' : ` nulls ${nullsFirst ? 'first' : 'last'}`
  if (column !== null && !descending && nulls === '') return column
  return raw(`${column === null ? (expression ?? '') : quoteIdentifier(column)}${descending ? ' desc' : ''}${nulls}`)
}

/** Of a full text, or a space: MySQL keeps no text of it. */
function mysqlIndex({ name, columns, method }: IndexDescription, table: QualifiedName, { quoteIdentifier }: Dialect): string {
  const place = table.schema === undefined ? '' : `${quoteIdentifier(table.schema)}.`
  return `create ${method} index ${quoteIdentifier(name)} on ${place}${quoteIdentifier(table.name)} (${columns.map(quoteIdentifier).join(', ')})`
}
