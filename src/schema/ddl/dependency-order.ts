import type { ForeignKeyConstraint } from '../constraints.ts'
import { type AnyTable, referredKey } from '../table-shape.ts'

/** Tables in an order in which they can be created: those that others refer to come first. */
export interface DependencyOrder {
  readonly tables: readonly AnyTable[]
  /** Foreign keys that close a circle: they can be added only when all tables are there. */
  readonly late: ReadonlySet<ForeignKeyConstraint>
}

/** A key from a table to itself makes no circle. Where there is no dependency, the given order stays. */
export function dependencyOrder(tables: readonly AnyTable[]): DependencyOrder {
  const byKey = new Map(tables.map((table) => [table.key, table]))
  const ordered = new Set<AnyTable>()
  const late = new Set<ForeignKeyConstraint>()
  const visit = (table: AnyTable, trail: readonly AnyTable[]): void => {
    if (ordered.has(table)) return
    for (const foreignKey of table.foreignKeys) {
      const target = byKey.get(referredKey(table, foreignKey.referredTable))
      if (target === undefined || target === table) continue
      if (trail.includes(target)) late.add(foreignKey)
      else visit(target, [...trail, table])
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table, [])
  // What was put off because of a circle may stand in order by another way.
  const place = new Map([...ordered].map((table, index) => [table, index]))
  for (const table of ordered) {
    for (const foreignKey of table.foreignKeys) {
      const target = byKey.get(referredKey(table, foreignKey.referredTable))
      if (late.has(foreignKey) && target !== undefined && (place.get(target) ?? 0) < (place.get(table) ?? 0)) late.delete(foreignKey)
    }
  }
  return { tables: [...ordered], late }
}

/** Foreign keys that refer to what a unique index alone makes a key: they can be added only when that is there. */
export function keysToIndexes(tables: readonly AnyTable[]): readonly ForeignKeyConstraint[] {
  const byKey = new Map(tables.map((table) => [table.key, table]))
  return tables.flatMap((table) =>
    table.foreignKeys.filter(({ referredTable, referredColumns }) => {
      const target = byKey.get(referredKey(table, referredTable))
      return target !== undefined && needsIndex(target, referredColumns)
    }),
  )
}

/** Whether no key of the table itself consists of these columns, and an index of them does. */
function needsIndex({ primaryKey, constraints, indexes }: AnyTable, columns: readonly string[]): boolean {
  const isOf = (others: readonly unknown[] | undefined) =>
    others?.length === columns.length && columns.every((column) => others.includes(column))
  const keys = [primaryKey, ...constraints.filter((constraint) => constraint.kind === 'unique')]
  return !keys.some((key) => isOf(key?.columns)) && indexes.some(({ members }) => isOf(members))
}

/** Views in an order in which they can be created: one whose SELECT has the name of another comes behind it. */
export function viewOrder(views: readonly AnyTable[]): readonly AnyTable[] {
  const words = new Map(views.map((view) => [view, new Set((view.options.view ?? '').split(/[^\p{L}\p{N}_$]+/u))]))
  const mentions = (view: AnyTable, { name }: AnyTable): boolean =>
    words.get(view)?.has(name) === true || (/[^\p{L}\p{N}_$]/u.test(name) && view.options.view?.includes(name) === true)
  const ordered = new Set<AnyTable>()
  const visit = (view: AnyTable, trail: readonly AnyTable[]): void => {
    if (ordered.has(view)) return
    for (const other of views) if (other !== view && !trail.includes(other) && mentions(view, other)) visit(other, [...trail, view])
    ordered.add(view)
  }
  for (const view of views) visit(view, [])
  return [...ordered]
}
