/**
 * Takes off parentheses that stand around the whole of an expression: PostgreSQL and MySQL write them where the user had none. In what they write
 * a quote inside quotes is doubled, or has a backslash before it in a text; a backslash in a text is doubled.
 */
export function withoutOuterParentheses(expression: string): string {
  let inner = expression
  while (isWrapped(inner)) inner = inner.slice(1, -1)
  return inner
}

function isWrapped(expression: string): boolean {
  if (!expression.startsWith('(') || !expression.endsWith(')')) return false
  let depth = 0
  let quote = ''
  for (let at = 0; at < expression.length - 1; at += 1) {
    const character = expression.charAt(at)
    if (quote !== '') {
      if (character === quote) quote = ''
      else if (character === '\\' && quote === "'") at += 1
    } else if (character === "'" || character === '"' || character === '`') quote = character
    else if (character === '(') depth += 1
    else if (character === ')') {
      depth -= 1
      if (depth === 0) return false
    }
  }
  return true
}
