import tag, { type RawValue, type Sql } from 'sql-template-tag'

export { bulk, empty, join, raw, Sql } from 'sql-template-tag'

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
