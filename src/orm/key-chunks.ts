import { Q } from './clause.ts'

/** How many keys one statement asks for: less than any database's limit of parameters. */
const maxKeys = 10_000

/** How many alternatives one statement has, such as keys of several fields: SQLite takes conditions that are 1,000 deep. */
const maxAlternatives = 400

/** Keys in lists that a statement can hold, with some other parameters. */
export function keyChunks<T>(keys: readonly T[], size = maxKeys): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) => keys.slice(index * size, (index + 1) * size))
}

/** What is to hold of rows that have one of these keys, in as many conditions as there have to be statements. */
export function keyConditions(names: readonly string[], keys: readonly Readonly<Record<string, unknown>>[]): readonly object[] {
  const [name = '', ...others] = names
  if (others.length > 0) return keyChunks(keys, maxAlternatives).map((chunk) => Q.or(...chunk))
  return keyChunks(keys).map((chunk) => ({ [`${name}__in`]: chunk.map((key) => key[name]) }))
}
