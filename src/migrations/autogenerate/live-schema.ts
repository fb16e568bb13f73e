import type { TableDescription, TriggerDescription } from '../../schema/inspection/descriptions.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import { MetaData } from '../../schema/metadata.ts'
import { enumerationCheck } from '../../schema/reflection/enumeration-check.ts'
import { type AnyTable, keyOf, type QualifiedName } from '../../schema/table-shape.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
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
      tables.set(key, table)
      descriptions.set(key, description)
    }
  }
  return new LiveSchema(tables, descriptions, executor.dialect)
}

function isOrdinary({ options }: TableDescription): boolean {
  return options.kind === 'table' && !options.temporary && options.partitionOf === null && options.inherits.length === 0
}
