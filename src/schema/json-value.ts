/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined }

/** What else a column of `Out` may be narrowed to: an interface has no index signature, so that none is a JsonValue. */
export type ShapeFor<Out> = JsonValue extends Out ? object : never

/** `T`, of what a column of `V` was narrowed to; never where JSON would not give it back. */
export type Narrowed<V, T> = T extends V ? T : JsonValue extends V ? (T extends Jsonable<T> ? T : never) : V

type Jsonable<T> = T extends JsonValue | undefined
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [K in keyof T]: Jsonable<T[K]> }
      : never
