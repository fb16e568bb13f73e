/** One plain value of a parameter. */
export type WireScalar = null | boolean | number | bigint | string | Uint8Array

/**
 * What a statement's parameters are made of once they have been checked: all of it survives structured cloning unchanged. Lists are there
 * for the databases that have arrays; no other dialect lets one through.
 */
export type WireValue = WireScalar | readonly WireValue[]

/** What a result column is called, and where it comes from when the database says so. */
export interface WireColumn {
  readonly name: string
  readonly table?: string | undefined
  /** The declared type of the column, as the schema spells it. */
  readonly type?: string | undefined
}
