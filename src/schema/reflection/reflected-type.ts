import type { Dialect, DialectName } from '../../sql/dialect.ts'
import { ColumnType, type Decode } from '../column-type.ts'

/** A type as a database spells it, whose values are those of another type: created again on the same kind of database, it is what it was. */
export class ReflectedType extends ColumnType {
  override readonly kind: ColumnType['kind']
  override readonly bigints: boolean
  override readonly countable: boolean
  readonly base: ColumnType
  readonly #spelled: string
  readonly #dialect: DialectName

  constructor(base: ColumnType, spelled: string, { name }: Dialect) {
    super()
    this.kind = base.kind
    this.bigints = base.bigints
    this.countable = base.countable
    this.base = base
    this.#spelled = spelled
    this.#dialect = name
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    return dialect.name === this.#dialect ? this.#spelled : this.base.sqlType(dialect, strict)
  }

  override encode(value: unknown, dialect: Dialect, label: string): unknown {
    return this.base.encode(value, dialect, label)
  }

  override decoder(dialect: Dialect, label: string): Decode | null {
    return this.base.decoder(dialect, label)
  }
}
