import type { RoutineBody } from './statement-reader.ts'

/** What END closes: statements, the CASE of an expression, or REPEAT, whose END stands behind an expression. */
type Block = 'statements' | 'expression' | 'repeat'

/**
 * Where the reader is: at a statement's first word, behind a first BEGIN, behind CREATE and before what it creates, between there and a
 * routine's body, inside the body, or in a statement that has none.
 */
type Place = 'start' | 'begin' | 'create' | 'head' | 'body' | 'plain'

const ROUTINES: ReadonlySet<string> = new Set(['procedure', 'function', 'trigger', 'event'])
/** What may stand between CREATE and the kind of routine. */
const BEFORE_ROUTINE: ReadonlySet<string> = new Set(['or', 'replace', 'definer', 'aggregate'])
/** Behind these stands the routine's name, or the type of its result, which may be SET. */
const BEFORE_NAME: ReadonlySet<string> = new Set([...ROUTINES, 'if', 'not', 'exists', 'returns'])
/** Verbs of a body that is one statement, without a block. */
const PLAIN_VERBS: ReadonlySet<string> = new Set([
  ...['select', 'set', 'return', 'call', 'values', 'with', 'insert', 'replace', 'update', 'delete', 'do'],
  ...['signal', 'truncate', 'create', 'drop', 'alter', 'execute', 'analyze', 'optimize'],
])
/** The word behind which the body of these begins; the words of others are too many to be mistaken for a statement. */
const BODY_AFTER: ReadonlyMap<string, string> = new Map([
  ['trigger', 'row'],
  ['event', 'do'],
])
const COMPOUND: ReadonlySet<string> = new Set(['if', 'while', 'loop', 'repeat', 'for'])

/**
 * The body of a stored program: CREATE PROCEDURE, FUNCTION, TRIGGER or EVENT … BEGIN … END, or another compound statement in place of the
 * block. MariaDB has compound statements outside of programs as well: BEGIN NOT ATOMIC … END, IF … END IF.
 * BEGIN, END, IF and REPEAT may also be names and functions: they count only where a statement begins.
 * https://dev.mysql.com/doc/refman/8.4/en/sql-compound-statements.html, https://mariadb.com/kb/en/using-compound-statements-outside-of-stored-programs/
 */
export class MysqlBody implements RoutineBody {
  #place: Place = 'start'
  #routine = ''
  /** The word that the body follows has come, where there is one. */
  #ready = false
  readonly #blocks: Block[] = []
  /** The last word; and whether a statement begins directly behind it. */
  #last = ''
  #opensStatement = false
  /** Inside DECLARE; and behind its HANDLER, where a block is no statement of its own. */
  #declares = false
  #handler = false

  word(word: string, previous: string, depth: number): void {
    switch (this.#place) {
      case 'start':
        this.#atStart(word)
        break
      case 'begin':
        if (word === 'not') this.#open('statements', true)
        else this.#place = 'plain'
        break
      case 'create':
        this.#inCreate(word, previous)
        break
      case 'head':
        this.#inHead(word, previous, depth)
        break
      case 'body':
        this.#inBody(word, previous)
        break
      default:
    }
    this.#last = word
  }

  semicolon(): boolean {
    this.#declares = false
    this.#handler = false
    return this.#blocks.length > 0
  }

  reset(): void {
    this.#place = 'start'
    this.#routine = ''
    this.#ready = false
    this.#blocks.length = 0
    this.#last = ''
  }

  #atStart(word: string): void {
    if (word === 'create' || word === 'alter') this.#place = 'create'
    else if (word === 'case') this.#open('statements', false)
    else if (COMPOUND.has(word)) this.#openCompound(word)
    else this.#place = word === 'begin' ? 'begin' : 'plain'
  }

  #inCreate(word: string, previous: string): void {
    // The user in `definer = event@host`.
    if (previous === '=') return
    if (ROUTINES.has(word)) {
      this.#place = 'head'
      this.#routine = word
      this.#ready = !BODY_AFTER.has(word)
    } else if (!BEFORE_ROUTINE.has(word)) {
      this.#place = 'plain'
    }
  }

  #inHead(word: string, previous: string, depth: number): void {
    if (depth > 0 || BEFORE_NAME.has(previous)) return
    if (!this.#ready) {
      this.#ready = word === BODY_AFTER.get(this.#routine)
      return
    }
    if (word === 'begin') this.#open('statements', true)
    else if (word === 'case') this.#open('statements', false)
    else if (COMPOUND.has(word)) this.#openCompound(word)
    else if (PLAIN_VERBS.has(word)) this.#place = 'plain'
  }

  #inBody(word: string, previous: string): void {
    const starts = previous === ';' || previous === ':' || (this.#opensStatement && previous === this.#last)
    this.#opensStatement = false
    const block = this.#blocks.at(-1)
    switch (word) {
      case 'begin':
        if (starts || this.#handler) this.#open('statements', true)
        break
      case 'case':
        if (previous !== 'end') this.#open(starts ? 'statements' : 'expression', false)
        break
      case 'end':
        if (block === 'expression' || block === 'repeat' || starts) this.#close()
        break
      case 'then':
      case 'else':
        this.#opensStatement = block !== 'expression'
        break
      case 'do':
        // WHILE … DO; but DO itself is a statement too.
        this.#opensStatement = !starts
        break
      case 'atomic':
        this.#opensStatement = previous === 'not'
        break
      case 'declare':
        this.#declares = starts
        break
      case 'handler':
        this.#handler = this.#declares
        break
      default:
        if (starts && COMPOUND.has(word)) this.#openCompound(word)
    }
  }

  #openCompound(word: string): void {
    this.#open(word === 'repeat' ? 'repeat' : 'statements', word === 'repeat' || word === 'loop')
  }

  #open(block: Block, opensStatement: boolean): void {
    this.#place = 'body'
    this.#blocks.push(block)
    this.#opensStatement = opensStatement
  }

  #close(): void {
    this.#blocks.pop()
    if (this.#blocks.length === 0) this.#place = 'plain'
  }
}
