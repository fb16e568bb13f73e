import type { Dialect } from '../../sql/dialect.ts'
import type { CheckDescription, ColumnDescription } from '../inspection/descriptions.ts'
import { EnumerationType } from '../types/texts.ts'

/** A check that keeps a column to a list of texts, as `enumeration()` makes it where the database has no type for that. */
export interface EnumerationCheck {
  readonly check: CheckDescription
  readonly type: EnumerationType
}

const literal = "'(?:[^']|'')*'"
const textArray = new RegExp(
  `^ANY \\(\\(?ARRAY\\[(${literal}::(?:character varying|text)(?:, ${literal}::(?:character varying|text))*)\\]\\)?(?:::text\\[\\])?\\)$`,
)

/** The check that makes an enumeration of the column, or null: any other check stays one. */
export function enumerationCheck(
  column: ColumnDescription,
  checks: readonly CheckDescription[],
  dialect: Dialect,
): EnumerationCheck | null {
  const { typeInfo } = column
  const length = typeInfo.kind === 'string' ? typeInfo.length : null
  for (const check of checks) {
    const values =
      dialect.name === 'sqlite'
        ? sqliteValues(check, column, dialect)
        : dialect.name === 'postgresql'
          ? postgresqlValues(check, column)
          : null
    if (values === null || values.length === 0 || new Set(values).size !== values.length) continue
    const type = new EnumerationType(values, undefined)
    // A STRICT table of SQLite has no lengths.
    if (length === type.length || typeInfo.kind === 'text') return { check, type }
  }
  return null
}

/** `"name" in ('a', 'b')`, to the letter. */
function sqliteValues({ expression, name }: CheckDescription, column: ColumnDescription, dialect: Dialect): readonly string[] | null {
  const start = `${dialect.quoteIdentifier(column.name)} in (`
  if (name !== null || !expression.startsWith(start) || !expression.endsWith(')')) return null
  return literals(expression.slice(start.length, -1), new RegExp(`^${literal}(?:, ${literal})*$`))
}

/** PostgreSQL gives it back in words of its own: `(name)::text = ANY (ARRAY[…])`, or `= 'a'::text` for a list of one. */
function postgresqlValues({ expression }: CheckDescription, { name }: ColumnDescription): readonly string[] | null {
  const inner = withoutBrackets(expression)
  const quoted = `"${name.replaceAll('"', '""')}"`
  const start = [`(${name})::text = `, `(${quoted})::text = `].find((text) => inner.startsWith(text))
  if (start === undefined) return null
  const rest = inner.slice(start.length)
  const list = textArray.exec(rest)?.[1]
  if (list !== undefined)
    return literals(list.replaceAll(/::(?:character varying|text)(?=,|$)/g, ''), new RegExp(`^${literal}(?:, ${literal})*$`))
  return literals(rest.replace(/::text$/, ''), new RegExp(`^${literal}$`))
}

function withoutBrackets(expression: string): string {
  let text = expression.trim()
  while (text.startsWith('(') && text.endsWith(')') && wraps(text)) text = text.slice(1, -1).trim()
  return text
}

/** Whether the first bracket is closed by the last one. */
function wraps(text: string): boolean {
  let depth = 0
  let inText = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === "'") inText = !inText
    if (inText) continue
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth === 0 && index < text.length - 1) return false
  }
  return depth === 0
}

function literals(list: string, form: RegExp): readonly string[] | null {
  if (!form.test(list)) return null
  return [...list.matchAll(new RegExp(literal, 'g'))].map(([text]) => text.slice(1, -1).replaceAll("''", "'"))
}
