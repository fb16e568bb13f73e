import type { Dialect } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
import { checkOptionNames } from '../../sql/option-names.ts'
import { raw } from '../../sql/template.ts'
import type { ColumnOptions } from '../column-options.ts'
import { ColumnSpec } from '../column-spec.ts'
import type { ColumnType } from '../column-type.ts'
import {
  type Constraint,
  checkConstraint,
  foreignKeyConstraint,
  type Index,
  index,
  primaryKeyConstraint,
  uniqueConstraint,
} from '../constraints.ts'
import type { ColumnSpecs } from '../infer.ts'
import type { ColumnDescription, IndexDescription, TableDescription } from '../inspection/descriptions.ts'
import { inspect } from '../inspection/inspector.ts'
import { Table } from '../table.ts'
import { type Catalogue, keyOf, noteRead } from '../table-shape.ts'
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
    if (!catalogue.tables.has(keyOf({ name: description.name, schema })))
      reflectTable(description, catalogue, { schema, dialect: executor.dialect })
  }
}

function reflectTable(
  description: TableDescription,
  catalogue: Catalogue,
  place: { readonly schema: string | undefined; readonly dialect: Dialect },
): void {
  const { name, options, view, checks } = description
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
    indexes: description.indexes.filter((found) => !servesForeignKey(found, description)).map((found) => reflectedIndex(found, dialect)),
    ...(options.strict ? { strict: true } : {}),
    ...(options.withoutRowid ? { withoutRowid: true } : {}),
    ...(options.comment === null ? {} : { comment: options.comment }),
    ...(view === null ? {} : { view: view.definition }),
  })
}

function optionsOfColumn(column: ColumnDescription, type: ColumnType, { primaryKey, options }: TableDescription): ColumnOptions {
  const isKey = primaryKey.columns.includes(column.name)
  const isOnlyKey = isKey && primaryKey.columns.length === 1
  // A number that a key counts up to is no default; what a sequence gives to any other column is one.
  // MySQL counts in a DOUBLE too: this layer does so in whole numbers alone.
  const counts = column.autoIncrement && type.countable
  return {
    ...(isKey ? { primaryKey: true } : column.nullable ? {} : { nullable: false }),
    ...counting(counts, isOnlyKey, options.autoIncrement),
    ...(column.default === null || counts ? {} : { serverDefault: raw(column.default) }),
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
  const key = primaryKey.columns.length === 0 ? [] : [primaryKeyConstraint(primaryKey.columns, named(primaryKey.name))]
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

function named(name: string | null): { readonly name?: string } {
  return name === null ? {} : { name }
}

/** MySQL makes an index for each foreign key that has none, under its name or that of its first column. */
function servesForeignKey({ name, columns, unique }: IndexDescription, { foreignKeys }: TableDescription): boolean {
  return (
    !unique && foreignKeys.some((key) => (key.name === name || key.columns[0] === name) && key.columns.join('\0') === columns.join('\0'))
  )
}

/** An index of columns is said in words of this layer, and any other by its own CREATE INDEX. */
function reflectedIndex({ name, members, unique, where, sql, method, include }: IndexDescription, dialect: Dialect): Index {
  const plain = members.every((member) => member.length === null && member.collation === null && member.operatorClass === null)
  const usual = plain && include.length === 0 && (method === null || method === 'btree')
  const parts = members.map(({ column, expression, descending }) => {
    if (column !== null && !descending) return column
    const text = column === null ? (expression ?? '') : dialect.quoteIdentifier(column)
    return raw(descending ? `${text} desc` : text)
  })
  const made = index(name, parts, { unique, ...(where === null ? {} : { where: raw(where) }) })
  return usual || sql === null ? made : Object.freeze({ ...made, sql })
}
