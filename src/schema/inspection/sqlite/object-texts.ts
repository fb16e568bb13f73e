import { isKeyword, TokenReader } from './token-reader.ts'
import type { Token } from './tokens.ts'

/** What only the text of a CREATE INDEX tells. */
export interface IndexText {
  /** Each member as it is written, without its order. */
  readonly members: readonly string[]
  readonly where: string | null
}

/**
 * Reads the text that SQLite keeps of an index.
 *
 * @param descending what the database says of each member: whether a last `desc` is its order or the name of a column
 * @throws {NotSupportedError} the text, or a part of it, is not understood
 */
export function parseIndexText(sql: string, descending: readonly boolean[]): IndexText {
  const reader = new TokenReader(sql)
  reader.expect('create')
  reader.accept('unique')
  reader.expect('index')
  reader.accept('if', 'not', 'exists')
  reader.name()
  if (reader.acceptSymbol('.')) reader.name()
  reader.expect('on')
  reader.name()
  const members = split(reader.parenthesised())
  if (members.length !== descending.length) reader.fail(`${descending.length} members before this`)
  const where = reader.accept('where') ? reader.rest() : null
  reader.expectEnd()
  return { members: members.map((member, index) => reader.textOf(withoutOrder(member, descending[index] === true))), where }
}

/** At the commas that stand in no further parentheses. */
function split(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    const symbol = token.kind === 'symbol' ? token.value : ''
    if (symbol === '(') depth += 1
    if (symbol === ')') depth -= 1
    if (symbol === ',' && depth === 0) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

/** Words that an operand follows: the word behind them is no order. */
const OPERATORS = ['and', 'or', 'not', 'is', 'in', 'like', 'glob', 'match', 'regexp', 'between', 'collate', 'escape', 'from']

function withoutOrder(member: readonly Token[], descending: boolean): readonly Token[] {
  const last = member.at(-1)
  const before = member.at(-2)
  if (before === undefined || !isKeyword(last, descending ? 'desc' : 'asc')) return member
  const isOperator = before.kind === 'symbol' ? before.value !== ')' : OPERATORS.some((operator) => isKeyword(before, operator))
  return isOperator ? member : member.slice(0, -1)
}

/**
 * The query in the text that SQLite keeps of a view.
 *
 * @throws {NotSupportedError} the text is not understood
 */
export function queryOfView(sql: string): string {
  const reader = new TokenReader(sql)
  reader.expect('create')
  if (!reader.accept('temp')) reader.accept('temporary')
  reader.expect('view')
  reader.accept('if', 'not', 'exists')
  reader.name()
  if (reader.acceptSymbol('.')) reader.name()
  if (reader.isSymbol('(')) reader.parenthesised()
  reader.expect('as')
  return reader.rest()
}
