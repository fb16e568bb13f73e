import type { Database } from 'better-sqlite3'
import type { TableText } from '../../../src/schema/inspection/sqlite/table-text.ts'

/** What can be said about a table both from SQLite's pragmas and from its text. */
export interface TableFacts {
  readonly columns: readonly ColumnFacts[]
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKeyFacts[]
}

interface ColumnFacts {
  readonly name: string
  /** 0 stored as it comes, 2 generated, 3 generated and stored. */
  readonly hidden: number
  /** What the default makes, as a literal. */
  readonly default: string | null
  readonly collation: string
}

interface ForeignKeyFacts {
  readonly columns: readonly string[]
  readonly table: string
  readonly referredColumns: readonly (string | null)[]
  readonly onDelete: string
  readonly onUpdate: string
}

/** From the pragmas, of the table `t`. */
export function factsOfPragmas(database: Database): TableFacts {
  const columns = database.prepare('select name, pk, hidden, dflt_value as text from pragma_table_xinfo(?)').all('t') as {
    readonly name: string
    readonly pk: number
    readonly hidden: number
    readonly text: string | null
  }[]
  const keys = database.prepare('select * from pragma_foreign_key_list(?) order by id desc, seq').all('t') as {
    readonly id: number
    readonly table: string
    readonly from: string
    readonly to: string | null
    readonly on_delete: string
    readonly on_update: string
  }[]
  const collations = collationsOf(
    database,
    columns.map(({ name }) => name),
  )
  return {
    columns: columns.map(({ name, hidden, text }, index) => ({
      name,
      hidden,
      default: text === null ? null : (resultOf(database, `(${text}\n)`) ?? resultOf(database, text)),
      collation: collations[index] ?? '',
    })),
    primaryKey: columns
      .filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map(({ name }) => name),
    foreignKeys: [...Map.groupBy(keys, ({ id }) => id).values()].map((parts) => ({
      columns: parts.map(({ from }) => from),
      table: parts[0]?.table ?? '',
      referredColumns: parts.map(({ to }) => to),
      onDelete: parts[0]?.on_delete.toLowerCase() ?? '',
      onUpdate: parts[0]?.on_update.toLowerCase() ?? '',
    })),
  }
}

/** From what was understood of the text. */
export function factsOfText(database: Database, text: TableText): TableFacts {
  const spelled = (column: string) => text.columns.find(({ name }) => fold(name) === fold(column))?.name ?? column
  return {
    columns: text.columns.map(({ name, generated, default: expression, collation }) => ({
      name,
      hidden: generated === null ? 0 : generated.stored ? 3 : 2,
      default: expression === null ? null : resultOf(database, `(${expression})`),
      collation: fold(collation ?? 'BINARY'),
    })),
    primaryKey: [...new Set((text.primaryKey?.members ?? []).map(({ column }) => spelled(column)))],
    foreignKeys: text.foreignKeys.map(({ columns, referredTable, referredColumns, onDelete, onUpdate }) => ({
      columns: columns.map(spelled),
      table: referredTable,
      referredColumns: referredColumns ?? columns.map(() => null),
      onDelete,
      onUpdate,
    })),
  }
}

/** Each index that serves UNIQUE, as its columns and their collations. */
export function uniqueIndexes(database: Database): readonly string[] {
  const rows = database
    .prepare(
      `select i.name as owner, x.name as name, x.coll as coll from pragma_index_list('t') i join pragma_index_xinfo(i.name) x on x.key
      where i.origin = 'u' order by i.seq desc, x.seqno`,
    )
    .all() as { readonly owner: string; readonly name: string; readonly coll: string }[]
  return [...Map.groupBy(rows, ({ owner }) => owner).values()].map((members) =>
    members.map(({ name, coll }) => fold(`${name} ${coll}`)).join(),
  )
}

/** The same of each UNIQUE in the text. */
export function uniqueTexts({ uniqueConstraints, columns }: TableText): readonly string[] {
  const collationOfColumn = (column: string) => columns.find(({ name }) => fold(name) === fold(column))?.collation ?? 'BINARY'
  return uniqueConstraints.map(({ members }) =>
    members.map(({ column, collation }) => fold(`${column} ${collation ?? collationOfColumn(column)}`)).join(),
  )
}

/** What a default gives to a row; null where SQLite does not take the text for one. */
function resultOf(database: Database, text: string): string | null {
  const clock = /^\(?(current_[a-z]+)\s*\)?$/i.exec(text)?.[1]
  // Another one at each moment.
  if (clock !== undefined) return fold(clock)
  try {
    database.exec(`create temp table of_default (a, b default ${text}); insert into of_default (a) values (1)`)
    return database.prepare('select quote(b) from of_default').pluck().get() as string
  } catch {
    return null
  } finally {
    database.exec('drop table if exists temp.of_default')
  }
}

/** The collation of each column, as an index on them all tells it. */
function collationsOf(database: Database, columns: readonly string[]): readonly string[] {
  database.exec(`create index of_columns on t (${columns.map((column) => `"${column.replaceAll('"', '""')}"`).join()})`)
  const collations = database
    .prepare("select coll from pragma_index_xinfo('of_columns') where key order by seqno")
    .pluck()
    .all() as string[]
  database.exec('drop index of_columns')
  return collations.map(fold)
}

function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
