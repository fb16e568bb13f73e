import type { Column } from '../schema/column.ts'
import type { ColumnKind } from '../schema/column-type.ts'
import type { Dialect } from '../sql/dialect.ts'
import { textReader } from './column-reader.ts'

type StoredClass = 'integer' | 'real' | 'text' | 'bytes'

/** What of SQLite's an import makes the same of again: a text only if it is one of the column's. */
const classes: Readonly<Record<ColumnKind, readonly StoredClass[]>> = {
  integer: ['integer'],
  smallInteger: ['integer'],
  bigInteger: ['integer'],
  float: ['real'],
  numeric: ['integer', 'real', 'text'],
  boolean: ['integer'],
  date: ['integer', 'real', 'text'],
  time: ['integer', 'real', 'text'],
  dateTime: ['integer', 'real', 'text'],
  json: ['integer', 'real', 'text'],
  blob: ['bytes'],
  string: ['integer', 'real', 'text'],
  text: ['integer', 'real', 'text'],
  enumeration: ['text'],
  uuid: ['text'],
  other: ['integer', 'real', 'text'],
}

/** Their texts have a form. Documents are looked at where they are written. */
const readKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['numeric', 'date', 'time', 'dateTime', 'enumeration', 'uuid'])

/** SQLite holds any value in any column: refuses one that an import would not take, or make another one of. Undefined for other databases. */
export function storedCheck(column: Column, dialect: Dialect): ((value: unknown) => void) | undefined {
  if (!dialect.embedded) return undefined
  const { kind } = column.type
  const taken = classes[kind]
  const read = readKinds.has(kind) ? textReader(column, { dialect, asStored: true }) : undefined
  return (value) => {
    const found = classOf(value)
    if (!taken.includes(found) || (found === 'real' && kind !== 'float' && !Number.isFinite(value))) throw refusal(kind, names[found])
    if (found !== 'text' || read === undefined) return
    try {
      read(value)
    } catch (cause) {
      throw refusal(kind, 'another text', cause)
    }
  }
}

const names: Readonly<Record<StoredClass, string>> = { integer: 'an integer', real: 'a real number', text: 'a text', bytes: 'bytes' }

function refusal(kind: ColumnKind, found: string, cause?: unknown): TypeError {
  return new TypeError(`a column of type ${kind} holds ${found}, which an import would refuse: export it by a query with a cast.`, {
    cause,
  })
}

function classOf(value: unknown): StoredClass {
  switch (typeof value) {
    case 'bigint':
      return 'integer'
    case 'number':
      return 'real'
    case 'string':
      return 'text'
    default:
      return 'bytes'
  }
}
