import tag, { type RawValue, raw as rawSql, type Sql, join as sqlOfList } from 'sql-template-tag'
import { describeValue } from './parameters.ts'

export { bulk, empty, Sql } from 'sql-template-tag'

/**
 * A statement with its values: every `${value}` becomes a parameter, and an `Sql` inside becomes part of the text.
 *
 * Only the compiler can call it with a template: an array that arrived as JSON is refused, so no request body turns into SQL.
 *
 * @example
 * await engine.execute(sql`select * from users where id = ${id}`)
 * @throws {TypeError} it was called as a function, and not as a template tag
 */
export function sql(strings: TemplateStringsArray, ...values: readonly RawValue[]): Sql {
  if (!Array.isArray(strings) || !('raw' in strings)) {
    throw new TypeError('sql is a template tag: write sql`…`, or raw(text) for text that is known to be safe.')
  }
  return tag(strings, ...values)
}

/**
 * A list of parameters, or of parts of SQL, with `separator` between them, and `prefix` and `suffix` around all.
 *
 * @example
 * await engine.execute(sql`select * from users where id in (${join(ids)})`)
 * @throws {TypeError} it is no list, or an empty one, which SQL does not have
 */
export function join(values: readonly RawValue[], separator = ',', prefix = '', suffix = ''): Sql {
  if (!Array.isArray(values)) throw new TypeError(`join() takes an array, found ${describeValue(values)}.`)
  if (values.length === 0)
    throw new TypeError(
      'join() takes an array of one element or more, found an empty one: SQL has no empty list, so ask for its length before.',
    )
  return sqlOfList(values, separator, prefix, suffix)
}

/**
 * Text that becomes part of the SQL as it is: for what the program knows, never for what a user has typed.
 *
 * @throws {TypeError} it is no text
 */
export function raw(text: string): Sql {
  if (typeof text !== 'string') throw new TypeError(`raw() takes a text that is SQL, found ${describeValue(text)}.`)
  return rawSql(text)
}
