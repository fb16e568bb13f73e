import type { Dialect } from '../../sql/dialect.ts'
import { withoutOuterParentheses } from '../inspection/expression-text.ts'

// 'a text'::character varying, as PostgreSQL writes whatever stood there.
const cast = /^('(?:[^']|'')*'|null)::[\w ".[\]]+$/i

/**
 * The default of a column as another kind of database than that which wrote it says the same: a text, a truth or the moment. Anything else is said as
 * it is.
 *
 * @param isTruth the column holds true and false
 */
export function portableDefault(sql: string, isTruth: boolean, { name, nativeBooleans }: Dialect): string {
  const text = withoutOuterParentheses(sql.trim())
  const word = text.toLowerCase()
  if (isTruth && nativeBooleans && (word === '0' || word === '1')) return word === '1' ? 'true' : 'false'
  if (name !== 'mysql' && /^current_timestamp\(\d*\)$/.test(word)) return 'current_timestamp'
  if (word === 'now()' && name === 'sqlite') return 'current_timestamp'
  const literal = name === 'postgresql' ? undefined : cast.exec(text)?.[1]
  return literal ?? sql
}
