import type { ConflictAction, ReferentialAction } from '../descriptions.ts'
import { TokenReader } from './token-reader.ts'

/** What only the text of a CREATE TABLE tells: https://www.sqlite.org/lang_createtable.html. */
export interface TableText {
  readonly columns: readonly ColumnText[]
  readonly primaryKey: KeyText | null
  /** In the order in which they are written. */
  readonly uniqueConstraints: readonly KeyText[]
  /** In the order in which they are written. */
  readonly foreignKeys: readonly ForeignKeyText[]
  /** In the order in which they are written. */
  readonly checks: readonly CheckText[]
  /** The keyword AUTOINCREMENT. */
  readonly autoIncrement: boolean
}

export interface ColumnText {
  readonly name: string
  readonly collation: string | null
  /** An expression: a word that SQLite takes for a text is one here. */
  readonly default: string | null
  readonly generated: { readonly expression: string; readonly stored: boolean } | null
  readonly notNullOnConflict: ConflictAction | null
}

export interface KeyText {
  readonly name: string | null
  readonly members: readonly KeyMemberText[]
  readonly onConflict: ConflictAction | null
}

export interface KeyMemberText {
  readonly column: string
  readonly collation: string | null
}

export interface ForeignKeyText {
  readonly name: string | null
  readonly columns: readonly string[]
  readonly referredTable: string
  /** Null where none are named: they are the primary key then. */
  readonly referredColumns: readonly string[] | null
  readonly onDelete: ReferentialAction
  readonly onUpdate: ReferentialAction
  readonly match: 'simple' | 'full' | 'partial'
  readonly deferrable: boolean
  readonly initially: 'immediate' | 'deferred'
}

export interface CheckText {
  readonly name: string | null
  readonly expression: string
  /** The column that it stands at. */
  readonly column: string | null
}

/**
 * Reads the text that SQLite keeps of a table.
 *
 * @throws {NotSupportedError} the text, or a part of it, is not understood
 */
export function parseTableText(sql: string): TableText {
  return new TableParser(sql).parse()
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

const COLUMN_CONSTRAINTS = [
  'constraint',
  'default',
  'null',
  'not',
  'primary',
  'unique',
  'check',
  'references',
  'deferrable',
  'collate',
  'as',
]
const TABLE_CONSTRAINTS = ['constraint', 'primary', 'unique', 'check', 'foreign']
/** Words that are values where a default stands; SQLite takes any other one for a text. */
const VALUE_WORDS = ['null', 'true', 'false', 'current_date', 'current_time', 'current_timestamp']
const CONFLICT_ACTIONS = ['rollback', 'abort', 'fail', 'ignore', 'replace'] as const

class TableParser {
  readonly #reader: TokenReader
  readonly #columns: Writable<ColumnText>[] = []
  readonly #uniqueConstraints: KeyText[] = []
  readonly #foreignKeys: Writable<ForeignKeyText>[] = []
  readonly #checks: CheckText[] = []
  #primaryKey: KeyText | null = null
  #autoIncrement = false
  /**
   * Of the constraint that comes next, and of no other. To SQLite itself it may stay the name of the checks that follow, up to the next comma
   * and sometimes beyond: nobody who writes one name means two constraints.
   */
  #constraintName: string | null = null

  constructor(sql: string) {
    this.#reader = new TokenReader(sql)
  }

  parse(): TableText {
    const reader = this.#reader
    this.#header()
    reader.expectSymbol('(')
    do this.#column()
    while (reader.acceptSymbol(',') && !this.#startsTableConstraint())
    if (!reader.isSymbol(')')) this.#tableConstraints()
    reader.expectSymbol(')')
    this.#options()
    reader.expectEnd()
    return {
      columns: this.#columns,
      primaryKey: this.#primaryKey,
      uniqueConstraints: this.#uniqueConstraints,
      foreignKeys: this.#foreignKeys,
      checks: this.#checks,
      autoIncrement: this.#autoIncrement,
    }
  }

  #header(): void {
    const reader = this.#reader
    reader.expect('create')
    if (!reader.accept('temp')) reader.accept('temporary')
    reader.expect('table')
    reader.accept('if', 'not', 'exists')
    reader.name()
    if (reader.acceptSymbol('.')) reader.name()
  }

  /** WITHOUT ROWID and STRICT: the database tells of these itself. */
  #options(): void {
    const reader = this.#reader
    if (reader.peek() === undefined) return
    // The list may be empty before its first comma: table_option_set in SQLite's parse.y.
    reader.acceptSymbol(',')
    do {
      if (reader.accept('without')) reader.expect('rowid')
      else reader.expect('strict')
    } while (reader.acceptSymbol(','))
  }

  #startsTableConstraint(): boolean {
    return TABLE_CONSTRAINTS.some((keyword) => this.#reader.isWord(keyword))
  }

  #column(): void {
    const reader = this.#reader
    const column = { name: reader.name(), collation: null, default: null, generated: null, notNullOnConflict: null }
    this.#columns.push(column)
    this.#type()
    this.#constraintName = null
    while (!reader.isSymbol(',') && !reader.isSymbol(')')) this.#columnConstraint(column)
  }

  /** Any words but those that begin a constraint; the database tells what they are. */
  #type(): void {
    const reader = this.#reader
    let words = 0
    while (this.#continuesType()) {
      reader.name()
      words += 1
    }
    if (words > 0 && reader.isSymbol('(')) reader.parenthesised()
  }

  #continuesType(): boolean {
    const reader = this.#reader
    if (reader.isWord('generated', 'always', 'as')) return false
    const token = reader.peek()
    if (token?.kind === 'word') return !COLUMN_CONSTRAINTS.includes(token.value.toLowerCase())
    return token?.kind === 'name' || token?.kind === 'text'
  }

  #columnConstraint(column: Writable<ColumnText>): void {
    const reader = this.#reader
    if (reader.accept('constraint')) this.#constraintName = reader.name()
    else if (reader.accept('default')) column.default = this.#default()
    else if (reader.accept('null')) this.#end(this.#onConflict())
    else if (reader.accept('not', 'null')) column.notNullOnConflict = this.#end(this.#onConflict())
    else if (reader.accept('primary', 'key')) this.#columnKey(column.name)
    else if (reader.accept('unique')) this.#addUnique([{ column: column.name, collation: null }])
    else if (reader.accept('check')) this.#addCheck(column.name)
    else if (reader.accept('references')) this.#addForeignKey([column.name])
    else if (reader.accept('collate')) column.collation = this.#end(reader.name())
    else if (reader.accept('generated', 'always', 'as') || reader.accept('as')) column.generated = this.#generated()
    else if (!this.#deferral(this.#foreignKeys.at(-1))) reader.fail('a constraint of the column')
  }

  /** The constraint that was read has the name that stood before it: the next one has another, or none. */
  #end<T>(value: T): T {
    this.#constraintName = null
    return value
  }

  #default(): string {
    const reader = this.#reader
    this.#constraintName = null
    if (reader.isSymbol('(')) return reader.expression()
    const first = reader.next('a value')
    if (first.kind === 'symbol') {
      if (first.value !== '+' && first.value !== '-') return reader.fail('a value')
      return reader.textOf([first, reader.next('a value')])
    }
    if (first.kind === 'name' || (first.kind === 'word' && !VALUE_WORDS.includes(first.value.toLowerCase()))) {
      return `'${first.value.replaceAll("'", "''")}'`
    }
    return reader.textOf([first])
  }

  #generated(): ColumnText['generated'] {
    const reader = this.#reader
    this.#constraintName = null
    const expression = reader.expression()
    const stored = reader.accept('stored')
    if (!stored) reader.accept('virtual')
    return { expression, stored }
  }

  #columnKey(column: string): void {
    const reader = this.#reader
    const name = this.#takeName()
    if (!reader.accept('asc')) reader.accept('desc')
    this.#primaryKey = { name, members: [{ column, collation: null }], onConflict: this.#onConflict() }
    if (reader.accept('autoincrement')) this.#autoIncrement = true
  }

  #addUnique(members: readonly KeyMemberText[]): void {
    this.#uniqueConstraints.push({ name: this.#takeName(), members, onConflict: this.#onConflict() })
  }

  #addCheck(column: string | null): void {
    this.#checks.push({ name: this.#takeName(), expression: this.#reader.expression(), column })
  }

  #addForeignKey(columns: readonly string[]): void {
    const reader = this.#reader
    const name = this.#takeName()
    const referredTable = reader.name()
    const foreignKey: Writable<ForeignKeyText> = {
      ...{ name, columns, referredTable, referredColumns: reader.isSymbol('(') ? columnsOf(this.#keyMembers()) : null },
      ...{ onDelete: 'no action', onUpdate: 'no action', match: 'simple', deferrable: false, initially: 'immediate' },
    }
    this.#foreignKeys.push(foreignKey)
    while (this.#referenceOption(foreignKey));
    this.#deferral(foreignKey)
  }

  #referenceOption(foreignKey: Writable<ForeignKeyText>): boolean {
    const reader = this.#reader
    if (reader.accept('on', 'delete')) foreignKey.onDelete = this.#action()
    else if (reader.accept('on', 'update')) foreignKey.onUpdate = this.#action()
    // SQLite reads it and forgets it.
    else if (reader.accept('on', 'insert')) this.#action()
    else if (reader.accept('match')) foreignKey.match = matchOf(reader.name())
    else return false
    return true
  }

  #action(): ReferentialAction {
    const reader = this.#reader
    if (reader.accept('set')) return reader.oneOf(['null', 'default']) === 'null' ? 'set null' : 'set default'
    if (reader.accept('no', 'action')) return 'no action'
    return reader.oneOf(['cascade', 'restrict'])
  }

  /** [NOT] DEFERRABLE [INITIALLY …], which may stand anywhere behind the reference that it is about. */
  #deferral(foreignKey: Writable<ForeignKeyText> | undefined): boolean {
    const reader = this.#reader
    const refused = reader.accept('not', 'deferrable')
    if (!refused && !reader.accept('deferrable')) return false
    const initially = reader.accept('initially') ? reader.oneOf(['deferred', 'immediate']) : 'immediate'
    if (foreignKey !== undefined) {
      foreignKey.deferrable = !refused
      foreignKey.initially = refused ? 'immediate' : initially
    }
    return true
  }

  #tableConstraints(): void {
    const reader = this.#reader
    do {
      this.#constraintName = null
      while (!reader.isSymbol(',') && !reader.isSymbol(')')) this.#tableConstraint()
    } while (reader.acceptSymbol(','))
  }

  #tableConstraint(): void {
    const reader = this.#reader
    if (reader.accept('constraint')) this.#constraintName = reader.name()
    else if (reader.accept('primary', 'key')) {
      const name = this.#takeName()
      this.#primaryKey = { name, members: this.#keyMembers(), onConflict: this.#onConflict() }
    } else if (reader.accept('unique')) this.#addUnique(this.#keyMembers())
    else if (reader.accept('check')) {
      this.#addCheck(null)
      // SQLite reads it and forgets it.
      this.#onConflict()
    } else if (reader.accept('foreign', 'key')) {
      const columns = columnsOf(this.#keyMembers())
      reader.expect('references')
      this.#addForeignKey(columns)
    } else reader.fail('a constraint of the table')
  }

  /** `(a, "b" COLLATE nocase DESC)`, and `(a AUTOINCREMENT)`: the order is known to the index. */
  #keyMembers(): readonly KeyMemberText[] {
    const reader = this.#reader
    const members: KeyMemberText[] = []
    reader.expectSymbol('(')
    do {
      members.push(this.#keyMember())
      if (!reader.accept('asc')) reader.accept('desc')
    } while (reader.acceptSymbol(','))
    if (reader.accept('autoincrement')) this.#autoIncrement = true
    reader.expectSymbol(')')
    return members
  }

  /** SQLite keeps no parentheses: `((a) COLLATE nocase)` is the column. */
  #keyMember(): KeyMemberText {
    const reader = this.#reader
    const inner = reader.acceptSymbol('(') ? this.#keyMember() : undefined
    if (inner !== undefined) reader.expectSymbol(')')
    let { column, collation } = inner ?? { column: reader.name(), collation: null }
    while (reader.accept('collate')) collation = reader.name()
    return { column, collation }
  }

  #onConflict(): ConflictAction | null {
    return this.#reader.accept('on', 'conflict') ? this.#reader.oneOf(CONFLICT_ACTIONS) : null
  }

  #takeName(): string | null {
    const name = this.#constraintName
    this.#constraintName = null
    return name
  }
}

function columnsOf(members: readonly KeyMemberText[]): readonly string[] {
  return members.map(({ column }) => column)
}

/** SQLite takes any name here and does as if it were SIMPLE. */
function matchOf(name: string): ForeignKeyText['match'] {
  const lower = name.toLowerCase()
  return lower === 'full' || lower === 'partial' ? lower : 'simple'
}
