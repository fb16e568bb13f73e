import type { Dialect } from '../../sql/dialect.ts'
import { ColumnType, type Decode } from '../column-type.ts'

/** How a program's own values become those that a column stores, and back. Neither is called with null. */
export interface CustomValues<Out, In, StoredOut, StoredIn> {
  /** Gives what is stored; what it throws is what the statement rejects with. */
  readonly encode: (value: In) => StoredIn
  /** Gives the program's value of one that was read. */
  readonly decode: (stored: StoredOut) => Out
}

/** A type of the database whose values are a program's own. */
export class CustomType<Out, In, StoredOut, StoredIn> extends ColumnType {
  override readonly kind: ColumnType['kind']
  override readonly bigints: boolean
  override readonly countable: boolean
  readonly #stored: ColumnType
  readonly #values: CustomValues<Out, In, StoredOut, StoredIn>

  constructor(stored: ColumnType, values: CustomValues<Out, In, StoredOut, StoredIn>) {
    super()
    this.kind = stored.kind
    this.bigints = stored.bigints
    this.countable = stored.countable
    this.#stored = stored.stored
    this.#values = values
  }

  override get stored(): ColumnType {
    return this.#stored
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    return this.#stored.sqlType(dialect, strict)
  }

  override encode(value: unknown, dialect: Dialect, label: string): unknown {
    return this.#stored.encode(this.#values.encode(value as In), dialect, label)
  }

  override decoder(dialect: Dialect, label: string): Decode {
    const { decode } = this.#values
    const read = this.#stored.decoder(dialect, label)
    return (value) => decode((read === null ? value : read(value)) as StoredOut)
  }
}
