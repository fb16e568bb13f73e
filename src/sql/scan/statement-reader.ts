import { PlaceholderList, type PlaceholderMark } from './placeholder-list.ts'
import type { ScannedStatement, StatementEffects } from './scanned-statement.ts'

/** Tells the semicolons that stand inside a routine's body from those that end a statement, word by word. */
export interface RoutineBody {
  /**
   * @param previous the token before it: a word in lower case, else the character that it begins with; '' at the start of a statement
   * @param depth how many parentheses are open
   */
  word(word: string, previous: string, depth: number): void
  /** True when a semicolon here ends no statement. */
  semicolon(): boolean
  /** A new statement begins. */
  reset(): void
}

/** What the words of one statement tell. */
export interface StatementFacts {
  readonly verb: string
  /** Its first words, four at the most. */
  readonly head: readonly string[]
  /** Words that are not quoted and follow no dot; also `:=`, and `into @`. */
  readonly keywords: ReadonlySet<string>
  /** Every word, and every quoted name as it is written. */
  readonly names: ReadonlySet<string>
  /** INSERT, UPDATE, DELETE or MERGE stands where a statement inside parentheses begins. */
  readonly changesInside: boolean
  /** It has FOR UPDATE or FOR SHARE in one of their forms. */
  readonly locksRows: boolean
}

/** What a server's dialect adds to its lexical rules. */
export interface StatementGrammar {
  /** What may follow WITH and its common tables. */
  readonly properVerbs: ReadonlySet<string>
  /** True where a statement can hold other statements in parentheses, with semicolons between them. */
  readonly semicolonsInParentheses: boolean
  readonly placeholder: PlaceholderMark
  /** True where one placeholder can stand in several places. */
  readonly sharedPlaceholders: boolean
  /** True for a statement whose `$1` is a parameter of what it makes: it can have none of its own. */
  definesParameters(facts: StatementFacts): boolean
  startBody(): RoutineBody
  effectsOf(facts: StatementFacts): StatementEffects
}

const HEAD_WORDS = 4
const CHANGING_INSIDE: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge'])
/** The words behind FOR that lock rows: FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE, FOR KEY SHARE. */
const LOCKING: ReadonlySet<string> = new Set(['update', 'no', 'share', 'key'])
/** Words behind which no statement proper begins: `with insert as (…)` names a common table, `set update` a column. */
const BEFORE_NAMES: ReadonlySet<string> = new Set(['with', 'recursive', ',', 'by', 'set', 'using', 'to', 'default'])
const NO_EFFECTS: StatementEffects = { writes: false, connectionState: false, transaction: 'none' }
const UNKNOWN_EFFECTS: StatementEffects = { writes: true, connectionState: true, transaction: 'none' }

/** Takes the tokens of a text for a server, and tells what the statement is: the grammar is looked at only as far as that needs. */
export class StatementReader implements StatementFacts {
  readonly placeholders = new PlaceholderList()
  readonly #grammar: StatementGrammar
  readonly #body: RoutineBody
  #statements = 0
  /** Something of the current statement has been read. */
  #inside = false
  #depth = 0
  #previous = ''

  // Of the first statement; of several nothing is asked but their number.
  verb = ''
  #hasVerb = false
  #verbDepth = 0
  readonly head: string[] = []
  readonly keywords = new Set<string>()
  readonly names = new Set<string>()
  changesInside = false
  locksRows = false

  constructor(grammar: StatementGrammar) {
    this.#grammar = grammar
    this.#body = grammar.startBody()
  }

  /** A word that is not quoted. */
  word(text: string): void {
    const word = text.toLowerCase()
    const previous = this.#enter(word)
    if (this.#statements === 1) this.names.add(word)
    // A column or function of that name.
    if (previous === '.') return
    this.#body.word(word, previous, this.#depth)
    if (this.#statements === 1) this.#learn(word, previous)
  }

  /** A quoted name, without its quotes. */
  quotedName(name: string): void {
    this.#enter('"')
    if (this.#statements === 1) this.names.add(name)
  }

  literal(): void {
    this.#enter("'")
  }

  /** An operator or a part of one. */
  symbol(text: string): void {
    this.#enter(text)
    if (text === ':=') this.keywords.add(text)
  }

  /** A variable of the session: `@name`. */
  variable(): void {
    if (this.#enter('@') === 'into') this.keywords.add('into @')
  }

  open(): void {
    this.#enter('(')
    this.#depth += 1
  }

  close(): void {
    this.#enter(')')
    this.#depth -= 1
  }

  anonymous(): void {
    this.#enter('?')
    this.placeholders.addAnonymous()
  }

  number(number: string): void {
    this.#enter('?')
    this.placeholders.addNumber(number)
  }

  name(sql: string, start: number, end: number): void {
    this.#enter('?')
    this.placeholders.addName(sql, start, end)
  }

  semicolon(): void {
    if (!this.#inside) return
    if (this.#body.semicolon() || (this.#grammar.semicolonsInParentheses && this.#depth > 0)) {
      this.#previous = ';'
      return
    }
    this.#inside = false
    this.#depth = 0
    this.#previous = ''
    this.#body.reset()
  }

  result(sql: string): ScannedStatement {
    const { placeholder, sharedPlaceholders } = this.#grammar
    if (this.#grammar.definesParameters(this)) this.placeholders.clear()
    return Object.freeze<ScannedStatement>({
      verb: this.verb,
      statements: this.#statements,
      ...this.placeholders.result(sql, placeholder, sharedPlaceholders),
      boundNames: null,
      ...this.#effects(),
    })
  }

  #effects(): StatementEffects {
    if (this.#statements === 0) return NO_EFFECTS
    return this.#statements === 1 ? this.#grammar.effectsOf(this) : UNKNOWN_EFFECTS
  }

  /** Returns the token before this one. */
  #enter(token: string): string {
    if (!this.#inside) {
      this.#inside = true
      this.#statements += 1
    }
    const previous = this.#previous
    this.#previous = token
    return previous
  }

  #learn(word: string, previous: string): void {
    this.keywords.add(word)
    if (this.head.length < HEAD_WORDS) this.head.push(word)
    if (!this.#hasVerb) this.#takeVerb(word, previous)
    if ((previous === '(' || previous === ')') && CHANGING_INSIDE.has(word)) this.changesInside = true
    if ((previous === 'for' && LOCKING.has(word)) || (previous === 'in' && word === 'share')) this.locksRows = true
  }

  #takeVerb(word: string, previous: string): void {
    if (this.verb === '') {
      this.verb = word
      this.#verbDepth = this.#depth
      this.#hasVerb = word !== 'with'
    } else if (this.#depth === this.#verbDepth && this.#grammar.properVerbs.has(word) && this.#endsCommonTables(previous)) {
      this.verb = word
      this.#hasVerb = true
    }
  }

  /** The statement proper follows the closing parenthesis of the last common table, or its SEARCH or CYCLE clause. */
  #endsCommonTables(previous: string): boolean {
    if (previous === ')') return true
    return (this.keywords.has('search') || this.keywords.has('cycle')) && !BEFORE_NAMES.has(previous)
  }
}
