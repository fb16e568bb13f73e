import { type Dialect, raw } from 'offloop'
import * as schema from 'offloop/schema'
import {
  type ColumnOptions,
  type Constraint,
  checkConstraint,
  foreignKeyConstraint,
  type Index,
  index,
  MetaData,
  Table,
  uniqueConstraint,
} from 'offloop/schema'
import { type Below, random } from '../random-numbers.ts'

type Specs = Record<string, schema.ColumnSpec<unknown, unknown, ColumnOptions>>

const oddNames = ['order', 'Group', 'a b', 'x"y', 'x`y', "x'y", 'select', 'é', '1st', 'a-b', 'a.b', '[b]', '%', 'UPPER']

/** Makes schemas at random that every database takes, with names that have to be quoted. */
export class SchemaMaker {
  readonly #below: Below
  readonly #dialect: Dialect
  readonly #isOptional: boolean

  /** @param optional every column that is no key may hold NULL */
  constructor(seed: number, dialect: Dialect, { optional = false } = {}) {
    this.#below = random(seed)
    this.#dialect = dialect
    this.#isOptional = optional
  }

  make(): MetaData {
    const metadata = new MetaData()
    const count = 1 + this.#below(5)
    for (let index = 0; index < count; index += 1) this.#table(`${this.#name('t')}${index}`, metadata)
    return metadata
  }

  #name(start: string): string {
    return this.#below(3) === 0 ? `${oddNames[this.#below(oddNames.length)]}` : start
  }

  #table(name: string, metadata: MetaData): void {
    const columns: Specs = {}
    const composite = this.#below(4) === 0
    columns['id'] = schema.integer({ primaryKey: true })
    if (composite) columns['second'] = schema.string(10, { primaryKey: true })
    const count = 1 + this.#below(8)
    for (let position = 0; position < count; position += 1) columns[`${this.#name('c')}${position}`] = this.#column()
    const names = Object.keys(columns).filter((column) => column !== 'id' && column !== 'second')
    const constraints = [...this.#foreignKeys(columns, metadata), ...this.#uniques(name, columns, names), ...this.#checks(columns)]
    const sqlite = this.#dialect.name === 'sqlite'
    new Table(name, metadata, columns, {
      constraints,
      indexes: this.#indexes(name, columns, names),
      ...(sqlite && this.#below(4) === 0 ? { strict: true } : {}),
      ...(sqlite && composite && this.#below(2) === 0 ? { withoutRowid: true } : {}),
    })
  }

  #column(): schema.ColumnSpec<unknown, unknown, ColumnOptions> {
    const nullable = this.#below(2) === 0 || this.#isOptional
    const withDefault = this.#below(4) === 0
    const number = withDefault ? { nullable, serverDefault: raw(String(this.#below(100))) } : { nullable }
    const word = withDefault ? { nullable, serverDefault: raw("'it''s'") } : { nullable }
    const makers: (() => schema.ColumnSpec<unknown, unknown, ColumnOptions>)[] = [
      () => schema.integer(number),
      () => schema.bigInteger(number),
      () => schema.smallInteger(number),
      () => schema.float({ nullable }),
      () => schema.numeric(1 + this.#below(15), 0, number),
      () => schema.numeric(20 + this.#below(10), 1 + this.#below(10), { nullable }),
      () => schema.boolean({ nullable }),
      () => schema.string(1 + this.#below(200), this.#below(2) === 0 ? { nullable } : { nullable }),
      () => schema.string(20, word),
      () => schema.text({ nullable }),
      () => schema.date({ nullable }),
      () => schema.time({ nullable }),
      () => schema.dateTime({ nullable, timezone: this.#below(2) === 0 }),
      () => schema.json({ nullable }),
      () => schema.enumeration(['a', "b'c", 'd, e', '(f)'].slice(0, 1 + this.#below(4)), { nullable }),
      () => schema.uuid({ nullable }),
      () => schema.blob({ nullable }),
    ]
    return (makers[this.#below(makers.length)] as (typeof makers)[number])()
  }

  #foreignKeys(columns: Specs, metadata: MetaData): readonly Constraint[] {
    const actions = [undefined, 'cascade', 'restrict', 'set null', 'no action'] as const
    return [...metadata.tables.values()].flatMap((target, position) => {
      if (this.#below(2) === 0) return []
      const keys = target.primaryKey?.columns ?? []
      const own = keys.map((key) => `fk${position}_${key}`)
      for (const [at, key] of keys.entries()) columns[own[at] as string] = key === 'id' ? schema.integer() : schema.string(10)
      return [
        foreignKeyConstraint(own, target.name, keys, {
          onDelete: actions[this.#below(5)],
          onUpdate: actions[this.#below(4)] === 'cascade' ? 'cascade' : undefined,
        }),
      ]
    })
  }

  /** Keys of MySQL cannot be of texts and bytes without a length. */
  #indexable(columns: Specs, names: readonly string[]): readonly string[] {
    return names.filter((name) => ['integer', 'bigInteger', 'smallInteger', 'date', 'string'].includes(columns[name]?.type.kind ?? ''))
  }

  #uniques(table: string, columns: Specs, names: readonly string[]): readonly Constraint[] {
    return this.#indexable(columns, names)
      .filter(() => this.#below(5) === 0)
      .map((name, position) => uniqueConstraint([name], this.#below(2) === 0 ? {} : { name: `uq_${table}_${position}` }))
  }

  #checks(columns: Specs): readonly Constraint[] {
    // MariaDB has no checks of columns that a foreign key may change.
    const numbers = Object.keys(columns).filter((name) => columns[name]?.type.kind === 'integer' && name !== 'id' && !name.startsWith('fk'))
    return numbers
      .filter(() => this.#below(4) === 0)
      .map((name) => checkConstraint(raw(`${this.#dialect.quoteIdentifier(name)} > ${this.#below(9)}`)))
  }

  #indexes(table: string, columns: Specs, names: readonly string[]): readonly Index[] {
    return this.#indexable(columns, names)
      .filter(() => this.#below(4) === 0)
      .map((name, position) => {
        const where =
          this.#dialect.name !== 'mysql' && this.#below(3) === 0 ? { where: raw(`${this.#dialect.quoteIdentifier(name)} is not null`) } : {}
        const member = this.#dialect.name !== 'mysql' && this.#below(3) === 0 ? raw(`${this.#dialect.quoteIdentifier(name)} desc`) : name
        return index(`ix_${table}_${position}`, [member], { unique: this.#below(3) === 0, ...where })
      })
  }
}
