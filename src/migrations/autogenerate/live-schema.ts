import type { Column } from '../../schema/column.ts'
import { index } from '../../schema/constraints.ts'
import type { IndexDescription, TableDescription, TriggerDescription } from '../../schema/inspection/descriptions.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import { MetaData } from '../../schema/metadata.ts'
import { enumerationCheck } from '../../schema/reflection/enumeration-check.ts'
import { type AnyTable, keyOf, type QualifiedName } from '../../schema/table-shape.ts'
import { quoteText } from '../../schema/types/texts.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
import { tableLike } from './definition-text.ts'
import type { Tables } from './schema-changes.ts'

/** What is in the database now. */
export class LiveSchema {
  readonly tables: Tables
  readonly #descriptions: ReadonlyMap<string, TableDescription>
  readonly #dialect: Dialect

  constructor(tables: Tables, descriptions: ReadonlyMap<string, TableDescription>, dialect: Dialect) {
    this.tables = tables
    this.#descriptions = descriptions
    this.#dialect = dialect
  }

  get triggers(): readonly TriggerDescription[] {
    return [...this.#descriptions.values()].flatMap(({ triggers }) => triggers)
  }

  /** The name of the check that keeps a column to a list, or undefined. */
  listCheck(table: AnyTable, name: string): string | undefined {
    const description = this.#descriptions.get(table.key)
    const column = description?.columns.find((candidate) => candidate.name === name)
    if (description === undefined || column === undefined) return undefined
    return enumerationCheck(column, description.checks, this.#dialect)?.check.name ?? undefined
  }

  /** MySQL: what MODIFY COLUMN would take from a column of which the MetaData does not say it, for nobody has asked for that. */
  untold({ key }: AnyTable, { name, options, type }: Column): string {
    const column = this.#descriptions.get(key)?.columns.find((candidate) => candidate.name === name)
    if (column === undefined) return ''
    const { comment, onUpdate, hidden } = column
    return [
      ...(onUpdate !== null && options.serverOnUpdate === undefined && type.kind === 'dateTime' ? [` on update ${onUpdate}`] : []),
      ...(comment !== null && options.comment === undefined ? [` comment ${quoteText(comment, this.#dialect)}`] : []),
      ...(hidden ? [' invisible'] : []),
    ].join('')
  }

  /** Indexes over these columns that are none of the table's own. */
  hiddenIndexes(table: AnyTable, columns: readonly string[]): readonly string[] {
    const indexes = this.#descriptions.get(table.key)?.indexes ?? []
    return indexes
      .filter((index) => !index.unique && index.columns.join('\0') === columns.join('\0'))
      .map(({ name }) => name)
      .filter((name) => !table.indexes.some((index) => index.name === name))
  }
}

/**
 * Looks at the schemas that tables are wanted in. Virtual and foreign tables and partitions are nobody's to drop, and neither is the table of records;
 * they are there where they are wanted.
 */
export async function readLiveSchema(
  executor: Executor,
  wanted: Tables,
  schemas: Iterable<string | undefined>,
  records: QualifiedName,
): Promise<LiveSchema> {
  const tables = new Map<string, AnyTable>()
  const descriptions = new Map<string, TableDescription>()
  const reflected = new MetaData()
  for (const schema of schemas) {
    await reflected.reflect(executor, { schema })
    const described = await inspect(executor).describe({ schema })
    for (const description of described) {
      const key = keyOf({ name: description.name, schema })
      const table = reflected.tables.get(key)
      const isRecords = description.name === records.name && (records.schema === undefined || records.schema === description.schema)
      if (table === undefined || isRecords || !(wanted.has(key) || isOrdinary(description))) continue
      tables.set(key, withWantedIndexes(table, description, wanted.get(key)))
      descriptions.set(key, description)
    }
  }
  return new LiveSchema(tables, descriptions, executor.dialect)
}

/** An index that MySQL could have made for a foreign key is the table's own where it is wanted. */
function withWantedIndexes(table: AnyTable, { indexes }: TableDescription, wanted: AnyTable | undefined): AnyTable {
  const isWanted = ({ name, columns }: IndexDescription) =>
    wanted?.indexes.some((index) => index.name === name && !index.unique && index.members.join('\0') === columns.join('\0')) === true
  const hidden = indexes.filter((index) => !table.indexes.some(({ name }) => name === index.name) && isWanted(index))
  if (hidden.length === 0) return table
  return tableLike(table, { indexes: [...table.indexes, ...hidden.map(({ name, columns }) => index(name, columns))] })
}

function isOrdinary({ options }: TableDescription): boolean {
  return options.kind === 'table' && !options.temporary && options.partitionOf === null && options.inherits.length === 0
}
