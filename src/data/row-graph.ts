import type { ForeignKeyConstraint } from '../schema/constraints.ts'
import { type AnyTable, referredKey } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import { type LoadedRow, valuesOf } from './loaded-row.ts'
import { LoopTurns } from './loop-turns.ts'
import { type TableRow, updateStatement } from './row-shape.ts'

interface Node {
  row: TableRow
  /** To rows that are not taken yet. */
  links: Link[]
  readonly referring: Node[]
}

interface Link {
  readonly foreignKey: ForeignKeyConstraint
  readonly target: Node
}

/** Rows that refer to each other by foreign keys: many, so that the rest of the program has its turns between them. */
export class RowGraph {
  #nodes: Set<Node>
  #free: Node[]
  readonly #turns = new LoopTurns()

  private constructor(nodes: readonly Node[]) {
    this.#nodes = new Set(nodes)
    this.#free = nodes.filter(({ links }) => links.length === 0)
  }

  static async of(rows: readonly TableRow[]): Promise<RowGraph> {
    const nodes = rows.map((row): Node => ({ row, links: [], referring: [] }))
    await linkUp(nodes)
    return new RowGraph(nodes)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** Rows that refer to none which is still here; behind them, as long as all are inserted alike, those that refer to them. */
  async takeFree(): Promise<readonly TableRow[]> {
    const taken: TableRow[] = []
    while (this.#free.length > 0) {
      const level = this.#free
      const [first = level[0]?.row] = taken
      if (taken.length > 0 && level.some(({ row }) => row.statement !== first?.statement)) break
      this.#free = []
      for (const node of level) {
        taken.push(node.row)
        this.#nodes.delete(node)
        for (const referring of node.referring) {
          this.#detach(referring, ({ target }) => target !== node)
          if (this.#turns.isOver) await this.#turns.next()
        }
        if (this.#turns.isOver) await this.#turns.next()
      }
    }
    return taken
  }

  /** Rows that refer to each other all around. */
  takeAll(): readonly TableRow[] {
    const rows = [...this.#nodes].map(({ row }) => row)
    this.#nodes = new Set()
    return rows
  }

  /**
   * Puts NULL in the place of references that lead around, where that is possible.
   *
   * @param updates gets what restores them when all rows are there
   * @returns false where no reference could be put off
   */
  async loosen(updates: LoadedRow[], dialect: Dialect): Promise<boolean> {
    for (const node of this.#nodes) {
      if (this.#turns.isOver) await this.#turns.next()
      const loose = node.links.filter(({ foreignKey }) => isNullable(node.row, foreignKey))
      if (loose.length === 0) continue
      const columns = new Set(loose.flatMap(({ foreignKey }) => nullableColumns(node.row, foreignKey)))
      updates.push(restoring(node.row, [...columns], dialect))
      const parameters = node.row.parameters.map((value, index) => (columns.has(node.row.statement.names[index] as string) ? null : value))
      node.row = { ...node.row, parameters }
      this.#detach(node, (link) => !loose.includes(link))
    }
    return this.#free.length > 0
  }

  #detach(node: Node, stays: (link: Link) => boolean): void {
    if (node.links.length === 0) return
    node.links = node.links.filter(stays)
    if (node.links.length === 0) this.#free.push(node)
  }
}

async function linkUp(nodes: readonly Node[]): Promise<void> {
  const turns = new LoopTurns()
  const tables = new Set(nodes.map(({ row }) => row.statement.table))
  const byKey = new Map<string, Node>()
  const referred = [...tables].flatMap((table) =>
    table.foreignKeys.map((foreignKey) => ({ to: referredTo(table, foreignKey), columns: foreignKey.referredColumns })),
  )
  for (const node of nodes) {
    if (turns.isOver) await turns.next()
    const { table } = node.row.statement
    for (const { to, columns } of referred) {
      const key = to === table.key ? identity(to, columns, valuesOf(node.row, columns)) : null
      if (key !== null) byKey.set(key, node)
    }
  }
  for (const node of nodes) {
    if (turns.isOver) await turns.next()
    for (const foreignKey of node.row.statement.table.foreignKeys) {
      const values = valuesOf(node.row, foreignKey.columns)
      const key = identity(referredTo(node.row.statement.table, foreignKey), foreignKey.referredColumns, values)
      const target = key === null ? undefined : byKey.get(key)
      if (target === undefined || target === node) continue
      node.links.push({ foreignKey, target })
      target.referring.push(node)
    }
  }
}

function referredTo(table: AnyTable, { referredTable }: ForeignKeyConstraint): string {
  return referredKey(table, referredTable)
}

/** Null where a value is missing or NULL: nothing refers to such a row, and it refers to nothing. */
function identity(table: string, columns: readonly string[], values: readonly unknown[]): string | null {
  if (columns.length === 0 || values.some((value) => value === null || value === undefined)) return null
  // As text bytes would lose what is no UTF-8, and rows be taken for each other.
  const texts = values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)))
  return JSON.stringify([table, columns, texts])
}

function isNullable(row: TableRow, foreignKey: ForeignKeyConstraint): boolean {
  return row.statement.givesKey && nullableColumns(row, foreignKey).length > 0
}

function nullableColumns({ statement: { table } }: TableRow, { columns }: ForeignKeyConstraint): readonly string[] {
  return columns.filter((name) => table.column(name).nullable && table.primaryKey?.columns.includes(name) !== true)
}

/** Gives columns of a row, which is found by its key, the values that the file has for them. */
function restoring(row: TableRow, columns: readonly string[], dialect: Dialect): LoadedRow {
  const { table } = row.statement
  const key = table.primaryKey?.columns ?? []
  const parameters = valuesOf(row, [...columns, ...key])
  return { line: row.line, statement: updateStatement(table, { columns, key }, dialect), parameters }
}
