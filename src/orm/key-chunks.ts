/** How many keys one statement asks for: less than any database's limit of parameters. */
const maxKeys = 10_000

/** Keys in lists that a statement can hold, with some other parameters. */
export function keyChunks<T>(keys: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(keys.length / maxKeys) }, (_, index) => keys.slice(index * maxKeys, (index + 1) * maxKeys))
}
