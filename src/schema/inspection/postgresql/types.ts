import type { TimeTypeInfo, TypeInfo } from '../type-info.ts'
import type { TypeRow } from './schema-query.ts'

/** A type as a column is declared with it. */
export interface TypeUse {
  readonly id: string
  /** Length and precision, as the type itself packs them; -1 for none. */
  readonly modifier: number
  readonly dimensions: number
}

/** What PostgreSQL's types mean. */
export class PostgresqlTypes {
  readonly #rows: ReadonlyMap<string, TypeRow>

  /** @param rows the types that the columns of a table use, and those that these are made of */
  constructor(rows: readonly TypeRow[]) {
    this.#rows = new Map(rows.map((row) => [row.id, row]))
  }

  /** A domain means what its base type means. */
  infoOf({ id, modifier, dimensions }: TypeUse): TypeInfo {
    const row = this.#rows.get(id)
    if (row === undefined) return { kind: 'other', name: '' }
    if (row.base !== null) return this.infoOf({ id: row.base, modifier: row.modifier, dimensions: row.dimensions })
    if (row.element !== null) {
      const element = this.infoOf({ id: row.element, modifier, dimensions: 0 })
      return { kind: 'array', name: row.spelled, element, dimensions: Math.max(dimensions, 1) }
    }
    if (row.kind === 'e')
      return { kind: 'enumeration', name: row.spelled, values: row.labels ?? [], typeName: row.name, typeSchema: row.schema }
    const make = row.schema === 'pg_catalog' ? MAKERS[row.name] : EXTENSIONS[row.name]
    return make?.(row.spelled, modifier) ?? { kind: 'other', name: row.spelled }
  }

  /** The domain that a column was declared with. */
  domainOf(id: string): TypeRow | undefined {
    const row = this.#rows.get(id)
    return row?.base == null ? undefined : row
  }
}

type Maker = (name: string, modifier: number) => TypeInfo

/** The length of texts, and all of a numeric, are packed above the four bytes of a header. */
const HEADER = 4

const MAKERS: Readonly<Record<string, Maker>> = {
  int2: (name) => ({ kind: 'integer', name, bits: 16, unsigned: false }),
  int4: (name) => ({ kind: 'integer', name, bits: 32, unsigned: false }),
  int8: (name) => ({ kind: 'integer', name, bits: 64, unsigned: false }),
  float4: (name) => ({ kind: 'float', name, bits: 32, unsigned: false }),
  float8: (name) => ({ kind: 'float', name, bits: 64, unsigned: false }),
  numeric: (name, modifier) => ({ kind: 'numeric', name, ...unpackNumeric(modifier), unsigned: false }),
  bool: (name) => ({ kind: 'boolean', name }),
  varchar: (name, modifier) => ({ kind: 'string', name, length: modifier < 0 ? null : modifier - HEADER, fixed: false }),
  bpchar: (name, modifier) => ({ kind: 'string', name, length: modifier < 0 ? null : modifier - HEADER, fixed: true }),
  text: (name) => ({ kind: 'text', name }),
  bytea: (name) => ({ kind: 'binary', name, length: null, fixed: false }),
  bit: (name, modifier) => ({ kind: 'bit', name, length: modifier < 0 ? null : modifier, fixed: true }),
  varbit: (name, modifier) => ({ kind: 'bit', name, length: modifier < 0 ? null : modifier, fixed: false }),
  date: (name) => ({ kind: 'date', name }),
  time: temporal('time', false),
  timetz: temporal('time', true),
  timestamp: temporal('dateTime', false),
  timestamptz: temporal('dateTime', true),
  interval: (name) => ({ kind: 'interval', name }),
  json: (name) => ({ kind: 'json', name, binary: false }),
  jsonb: (name) => ({ kind: 'json', name, binary: true }),
  uuid: (name) => ({ kind: 'uuid', name }),
}

/** Types that come with PostgreSQL, in whatever schema somebody has put them. */
const EXTENSIONS: Readonly<Record<string, Maker>> = {
  citext: (name) => ({ kind: 'text', name }),
}

function temporal(kind: TimeTypeInfo['kind'], withTimeZone: boolean): Maker {
  return (name, modifier) => ({ kind, name, precision: modifier < 0 ? null : modifier, withTimeZone })
}

/** 16 bits of precision above 11 bits of scale with a sign: numeric.c. */
function unpackNumeric(modifier: number): { readonly precision: number | null; readonly scale: number | null } {
  if (modifier < HEADER) return { precision: null, scale: null }
  const packed = modifier - HEADER
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 }
}
