import { DataError } from '../errors.ts'
import type { KeyPart, StatementTyping, TypedOutput } from '../sql/typed-statement.ts'

type Decode = NonNullable<TypedOutput['decode']>
type Fields = Record<string | number, unknown>

/** Rows that have come: those from an index on, with the names of their columns. */
export interface NewRows {
  readonly from: number
  readonly asArrays: boolean
  readonly names: readonly string[]
}

/** The result of a statement that knows the types of its columns, or the key of the row that it inserts. */
export class TypedResult {
  readonly #typing: StatementTyping
  readonly #asBigints: boolean
  #decoders: readonly (Decode | null)[] | null = null
  /** What RETURNING has given of the inserted row. */
  #insertedRow: Fields | null = null

  /** @param asBigints the user wants bigints: integers that were asked for as such only for some columns' sake become numbers in the others */
  constructor(typing: StatementTyping, asBigints: boolean) {
    this.#typing = typing
    this.#asBigints = asBigints
  }

  get bigints(): boolean {
    return this.#typing.bigints
  }

  /** Its rows are not the user's: they tell the key. */
  get hidesRows(): boolean {
    return this.#typing.insertedKey?.returning === true
  }

  /**
   * Decodes rows in place.
   *
   * @throws {DataError} a value is not what its column holds
   */
  take(rows: unknown[], { from, asArrays, names }: NewRows): void {
    if (this.hidesRows) {
      this.#insertedRow = (rows[from] as Fields | undefined) ?? this.#insertedRow
      return
    }
    this.#decoders ??= this.#decodersOf(names)
    for (const [column, decode] of this.#decoders.entries()) {
      const name = names[column] as string
      // Of several columns of one name, an object has the last one.
      if (decode === null || (!asArrays && names.lastIndexOf(name) !== column)) continue
      const key = asArrays ? column : name
      for (let index = from; index < rows.length; index += 1) {
        const row = rows[index] as Fields
        const value = row[key]
        if (value !== null) setValue(row, key, decode(value))
      }
    }
  }

  #decodersOf(names: readonly string[]): readonly (Decode | null)[] {
    const { outputs, bigints } = this.#typing
    const inOrder = outputs.length === names.length && outputs.every(({ name }, index) => name === '' || name === names[index])
    const byName = new Map(outputs.map(({ name, decode }) => [name, decode]))
    return names.map((name, index) => {
      const decode = inOrder ? outputs[index]?.decode : byName.get(name)
      if (decode != null) return decode
      return bigints && !this.#asBigints ? (value) => toNumber(value, name) : null
    })
  }

  /** The key of the row that was inserted, or null where the statement was no insert of one. Needs the row's number, if the database told it. */
  insertedKey(lastrowid: number | bigint | null): readonly unknown[] | null {
    return this.#typing.insertedKey?.parts.map((part) => this.#keyPart(part, lastrowid)) ?? null
  }

  #keyPart(part: KeyPart, lastrowid: number | bigint | null): unknown {
    if (part.from === 'value') return part.value
    const value = part.from === 'lastrowid' ? lastrowid : (this.#insertedRow?.[part.name] ?? null)
    return value === null || part.decode === null ? value : part.decode(value)
  }
}

/** A column may be called `__proto__`: it is an own property already. */
function setValue(row: Fields, key: string | number, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(row, key, { value, writable: true, enumerable: true, configurable: true })
  else row[key] = value
}

function toNumber(value: unknown, name: string): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new DataError(
    `Column "${name}" holds an INTEGER beyond 2^53 - 1, which no number holds exactly. Read it with { integers: 'bigint' }.`,
  )
}
