/**
 * What a column's type means, whatever the database calls it. `name` is the base type as the database spells it, in lower case where it is one
 * of its own, without length and precision: `varchar`, `timestamp with time zone`, `"my schema"."My type"`.
 */
export type TypeInfo =
  | IntegerTypeInfo
  | FloatTypeInfo
  | NumericTypeInfo
  | StringTypeInfo
  | BinaryTypeInfo
  | BitTypeInfo
  | TimeTypeInfo
  | JsonTypeInfo
  | EnumerationTypeInfo
  | SetTypeInfo
  | ArrayTypeInfo
  | PlainTypeInfo

/**
 * Types that have nothing but a name. `text` is of any length; MySQL's `tinyint(1)` is a boolean, as there is no other. `other` is whatever has
 * no tag here: ranges, networks, geometry, SQLite's columns without a type.
 */
export interface PlainTypeInfo {
  readonly kind: 'boolean' | 'text' | 'date' | 'interval' | 'uuid' | 'other'
  readonly name: string
}

/** Whole numbers. */
export interface IntegerTypeInfo {
  readonly kind: 'integer'
  readonly name: string
  /** As the name says in other databases: SQLite stores 64 under any of them. */
  readonly bits: 8 | 16 | 24 | 32 | 64
  readonly unsigned: boolean
}

/** Floating-point numbers. */
export interface FloatTypeInfo {
  readonly kind: 'float'
  readonly name: string
  readonly bits: 32 | 64
  readonly unsigned: boolean
}

/** Decimal numbers. */
export interface NumericTypeInfo {
  readonly kind: 'numeric'
  readonly name: string
  /** Digits in all; null where the type does not say. */
  readonly precision: number | null
  /** Digits behind the point, a negative number where the last ones before it are zeros; null where the type does not say. */
  readonly scale: number | null
  readonly unsigned: boolean
}

/** A text of bounded length, in characters; null where the type does not say. */
export interface StringTypeInfo {
  readonly kind: 'string'
  readonly name: string
  readonly length: number | null
  /** Filled up with blanks to its length. */
  readonly fixed: boolean
}

/** Bytes. */
export interface BinaryTypeInfo {
  readonly kind: 'binary'
  readonly name: string
  /** In bytes; null where the type does not say. */
  readonly length: number | null
  readonly fixed: boolean
}

/** Bits: PostgreSQL's `bit` and `bit varying`, MySQL's `bit`. */
export interface BitTypeInfo {
  readonly kind: 'bit'
  readonly name: string
  /** In bits; null where the type does not say. */
  readonly length: number | null
  readonly fixed: boolean
}

/** Times of the day, and moments. */
export interface TimeTypeInfo {
  readonly kind: 'time' | 'dateTime'
  readonly name: string
  /** Digits of the second's fraction; null where the type does not say. */
  readonly precision: number | null
  readonly withTimeZone: boolean
}

/** JSON documents. */
export interface JsonTypeInfo {
  readonly kind: 'json'
  readonly name: string
  /** PostgreSQL's `jsonb`. */
  readonly binary: boolean
}

/** One of some texts. PostgreSQL's have a name of their own, MySQL's belong to their column. */
export interface EnumerationTypeInfo {
  readonly kind: 'enumeration'
  readonly name: string
  readonly values: readonly string[]
  readonly typeName: string | null
  readonly typeSchema: string | null
}

/** MySQL: any of some texts. */
export interface SetTypeInfo {
  readonly kind: 'set'
  readonly name: string
  readonly values: readonly string[]
}

/** PostgreSQL: lists of values of one type. */
export interface ArrayTypeInfo {
  readonly kind: 'array'
  readonly name: string
  readonly element: TypeInfo
  /** As declared; PostgreSQL keeps nobody from storing others. */
  readonly dimensions: number
}
