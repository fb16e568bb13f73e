/** What a statement's parameters are made of once they have been checked: all of it survives structured cloning unchanged. */
export type WireValue = null | boolean | number | bigint | string | Uint8Array

/** What a result column is called, and where it comes from when the database says so. */
export interface WireColumn {
  readonly name: string
  readonly table?: string | undefined
  /** The declared type of the column, as the schema spells it. */
  readonly type?: string | undefined
}
