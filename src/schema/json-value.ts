/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined }

/**
 * What may be stored as JSON. An interface has no index signature, so that none is a JsonValue: any object does but those that are known to be
 * something else, as functions, Dates, Maps and expressions are. What is written out is looked into, however deep.
 */
export type JsonInput =
  | null
  | boolean
  | number
  | string
  | readonly JsonInput[]
  | { readonly [key: string]: JsonInput | undefined }
  | (object & {
      readonly [Symbol.hasInstance]?: never
      readonly [Symbol.iterator]?: never
      readonly [Symbol.toPrimitive]?: never
      readonly [Symbol.toStringTag]?: never
      readonly toJSON?: never
      readonly toOperationNode?: never
    })

/** What else a column of `Out` may be narrowed to: an interface is no JsonValue. */
export type ShapeFor<Out> = JsonValue extends Out ? object : never

/** `T`, of what a column of `V` was narrowed to; never where JSON would not give it back. */
export type Narrowed<V, T> = JsonValue extends V ? (T extends Jsonable<T> ? T : never) : T extends V ? T : V

type Jsonable<T> = T extends JsonValue | undefined
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [K in keyof T]: Jsonable<T[K]> }
      : never
