import type { Constraint } from '../../schema/constraints.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import { tableLike } from './definition-text.ts'
import type { LiveSchema } from './live-schema.ts'
import type { SchemaChanges, TableChange } from './schema-changes.ts'

/**
 * The same changes, in which every constraint that a statement may have to drop has a name: what the database would call it, the way down could not
 * know. A table that changes has the constraints that it will have there, with those that stay as they are.
 */
export function namedChanges(changes: SchemaChanges, live: LiveSchema): SchemaChanges {
  const taken = takenNames(changes)
  const created = changes.created.map((table) =>
    tableLike(table, {
      constraints: table.constraints.map((constraint) => (constraint.kind === 'foreignKey' ? named(constraint, table, taken) : constraint)),
    }),
  )
  return { ...changes, created, changed: changes.changed.map((change) => namedChange(change, taken, live)) }
}

function namedChange(change: TableChange, taken: Set<string>, live: LiveSchema): TableChange {
  const { from, to, uniques, checks, foreignKeys, primaryKey } = change
  const addedKeys = foreignKeys.added.map((foreignKey) => named(foreignKey, to, taken))
  const addedUniques = uniques.added.map((unique) => (unique.kind === 'index' ? unique : named(unique, to, taken)))
  const addedChecks = checks.added.map(({ constraint, column }) => ({ column, constraint: named(constraint, to, taken, column) }))
  const dropped = new Set<unknown>(droppedOf(change))
  const constraints = [
    ...from.constraints.filter((constraint) => !dropped.has(constraint)),
    ...addedUniques.filter((unique) => unique.kind === 'unique'),
    ...addedChecks.filter(({ column }) => column === null).map(({ constraint }) => constraint),
    ...addedKeys,
  ]
  const key = primaryKey ? to.primaryKey : from.primaryKey
  return {
    ...change,
    to: tableLike(to, { constraints, primaryKey: key === null ? null : named(key, to, taken) }),
    uniques: { ...uniques, added: addedUniques },
    checks: {
      dropped: checks.dropped.map(({ constraint, column }) => {
        const name = column === null ? constraint.name : live.listCheck(from, column)
        return { column, constraint: { ...constraint, name } }
      }),
      added: addedChecks,
    },
    foreignKeys: { ...foreignKeys, added: addedKeys },
  }
}

function droppedOf({ uniques, checks, foreignKeys }: TableChange) {
  return [...uniques.dropped, ...checks.dropped.map(({ constraint }) => constraint), ...foreignKeys.dropped]
}

/** Those of tables, too: the index of a unique key is beside them in PostgreSQL. What is dropped makes room first. */
function takenNames(changes: SchemaChanges): Set<string> {
  const { before, created, changed } = changes
  const tables = [...before, ...created, ...changed.map(({ to }) => to)]
  const names = new Set<string | undefined>(
    tables.flatMap(({ name, primaryKey, constraints, indexes }) => [
      name,
      ...[primaryKey, ...constraints, ...indexes].map((each) => each?.name),
    ]),
  )
  for (const { name } of changed.flatMap(droppedOf)) names.delete(name)
  return new Set([...names].filter((name) => name !== undefined).map((name) => name.toLowerCase()))
}

const endings: Readonly<Record<Constraint['kind'], string>> = { unique: 'key', check: 'check', foreignKey: 'fkey', primaryKey: 'pkey' }

/** PostgreSQL's bytes; characters of MySQL are one more. */
const maxNameLength = 63

/** @param column whose list the check is, or null */
function named<T extends Constraint>(constraint: T, table: AnyTable, taken: Set<string>, column: string | null = null): T {
  if (constraint.name !== undefined) return constraint
  const columns = 'columns' in constraint && constraint.kind !== 'primaryKey' ? constraint.columns : column === null ? [] : [column]
  const start = [table.name, ...columns].join('_')
  let name = ''
  for (let number = 0; name === '' || taken.has(name.toLowerCase()); number += 1)
    name = shortened(start, `_${endings[constraint.kind]}${number === 0 ? '' : number}`)
  taken.add(name.toLowerCase())
  return { ...constraint, name }
}

function shortened(start: string, end: string): string {
  const characters = [...start]
  while (Buffer.byteLength(characters.join('') + end) > maxNameLength) characters.pop()
  return characters.join('') + end
}
