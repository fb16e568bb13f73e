import { NotSupportedError } from '../../../errors.ts'
import { type Token, tokenize } from './tokens.ts'

/** Reads the text of a schema's object from its beginning to its end. Whatever it does not understand, it refuses. */
export class TokenReader {
  readonly #sql: string
  readonly #tokens: readonly Token[]
  #at = 0

  /** @throws {NotSupportedError} a part of the text is no token */
  constructor(sql: string) {
    const tokens = tokenize(sql)
    if (typeof tokens === 'number') throw notUnderstood(sql, tokens, 'a token')
    this.#sql = sql
    this.#tokens = tokens
  }

  /** The next token, or one of those behind it; undefined behind the last one. */
  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  /** Whether the next tokens are these keywords, in any capitals. */
  isWord(...keywords: readonly string[]): boolean {
    return keywords.every((keyword, index) => isKeyword(this.peek(index), keyword))
  }

  isSymbol(symbol: string): boolean {
    const token = this.peek()
    return token?.kind === 'symbol' && token.value === symbol
  }

  /** Takes the keywords if they come next. */
  accept(...keywords: readonly string[]): boolean {
    const comes = this.isWord(...keywords)
    if (comes) this.#at += keywords.length
    return comes
  }

  acceptSymbol(symbol: string): boolean {
    const comes = this.isSymbol(symbol)
    if (comes) this.#at += 1
    return comes
  }

  expect(...keywords: readonly string[]): void {
    if (!this.accept(...keywords)) this.fail(keywords.join(' ').toUpperCase())
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail(symbol)
  }

  expectEnd(): void {
    if (this.peek() !== undefined) this.fail('the end')
  }

  /** A keyword of a set. */
  oneOf<const Keyword extends string>(keywords: readonly Keyword[]): Keyword {
    const found = keywords.find((keyword) => this.accept(keyword))
    return found ?? this.fail(keywords.join(' or ').toUpperCase())
  }

  next(expected: string): Token {
    const token = this.peek()
    if (token === undefined) return this.fail(expected)
    this.#at += 1
    return token
  }

  /** A name: any word, anything quoted. */
  name(): string {
    const token = this.peek()
    if (token === undefined || !isName(token)) return this.fail('a name')
    this.#at += 1
    return token.value
  }

  /** The tokens of the next parentheses, without these. */
  parenthesised(): readonly Token[] {
    this.expectSymbol('(')
    const from = this.#at
    for (let depth = 1; depth > 0; ) {
      const { kind, value } = this.next('a closing parenthesis')
      if (kind === 'symbol' && value === '(') depth += 1
      else if (kind === 'symbol' && value === ')') depth -= 1
    }
    return this.#tokens.slice(from, this.#at - 1)
  }

  /** The expression in the next parentheses, as it is written, without the blanks and comments around it. */
  expression(): string {
    const tokens = this.parenthesised()
    return tokens.length === 0 ? this.fail('an expression') : this.textOf(tokens)
  }

  /** What is left, as it is written. */
  rest(): string {
    const tokens = this.#tokens.slice(this.#at)
    this.#at = this.#tokens.length
    return tokens.length === 0 ? this.fail('more') : this.textOf(tokens)
  }

  textOf(tokens: readonly Token[]): string {
    return this.#sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0)
  }

  /** @throws {NotSupportedError} always */
  fail(expected: string): never {
    throw notUnderstood(this.#sql, this.peek()?.start ?? this.#sql.length, expected)
  }
}

export function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.kind === 'word' && token.value.length === keyword.length && token.value.toLowerCase() === keyword
}

export function isName({ kind }: Token): boolean {
  return kind === 'word' || kind === 'name' || kind === 'text'
}

function notUnderstood(sql: string, position: number, expected: string): NotSupportedError {
  return new NotSupportedError(
    `The text of this object in the database's schema was not understood at character ${position + 1}: expected ${expected}.`,
    { sql },
  )
}
