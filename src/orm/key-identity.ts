/** What tells keys apart in a Map or a Set, where two Dates of one moment are two. */
export function identityOf(key: unknown): unknown {
  return key instanceof Date ? key.getTime() : key
}

/** Each key once. */
export function distinctKeys(keys: readonly unknown[]): unknown[] {
  return [...new Map(keys.map((key) => [identityOf(key), key])).values()]
}
