import type { TableText } from '../../../src/schema/inspection/sqlite/table-text.ts'
import type { Random } from '../../soak/random.ts'

type Written<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] }

const NAMES = [
  'a',
  'B',
  'c d',
  'e"f',
  "g'h",
  'i`j',
  '[k',
  'l)',
  ',m',
  '--n',
  '/*o',
  'é',
  '日本',
  'primary',
  'check',
  'Key',
  'desc',
  'as',
  '😀',
  ' ',
]
const EXPRESSIONS = [
  ...[
    '1',
    '(1)',
    "'x'",
    "')'",
    "'(' || ',' || '--'",
    '1 /* ) */ + 2',
    '1 -- )\n + 2',
    "x'28'",
    '/* ( */ -1',
    '((2))',
    'abs(-1)',
    'coalesce(null, (3), 4)',
  ],
  ...[
    "case when 1 then 'it''s' else null end",
    '1 in (1, 2, 3)',
    "cast('1' as decimal(10, 2))",
    'not 0',
    '1 between 0 and 2',
    "'a' like 'b%' escape '!'",
  ],
]
const ACTIONS = ['no action', 'restrict', 'cascade', 'set null', 'set default'] as const
const CONFLICTS = ['rollback', 'abort', 'fail', 'ignore', 'replace'] as const
const TYPES = [
  'int',
  'INTEGER',
  'varchar(20)',
  'decimal ( 10 , 2 )',
  'double precision',
  'unsigned big int',
  '"odd (" ',
  '[odd )]',
  "'x'",
  'key',
]
const COLLATIONS = ['nocase', 'RTRIM', 'binary']
const DEFAULTS: readonly (readonly [text: string, meaning: string])[] = [
  ...EXPRESSIONS.map((expression) => [`(${expression})`, trimmed(expression)] as const),
  ...['1', '-1', '+ 2', '.5', '0x1F', '1e-3', "'x'", "''''", "x'00'", 'null', 'TRUE', 'current_timestamp'].map(
    (text) => [text, text] as const,
  ),
  ...(['foo', 'action'] as const).map((word) => [word, `'${word}'`] as const),
  ...([
    ['"q"', "'q'"],
    ["[it's]", "'it''s'"],
    ['`b`', "'b'"],
  ] as const),
]

/** A CREATE TABLE that SQLite takes, written at random, and what it says. */
export function randomTable(random: Random): { readonly sql: string; readonly expected: TableText } {
  return new TableWriter(random).write()
}

/** The comments around an expression are none of it. */
function trimmed(expression: string): string {
  return expression.replace(/^\/\*.*?\*\/ /, '')
}

class TableWriter {
  readonly #random: Random
  readonly #expected: Written<TableText> = {
    ...{ columns: [], primaryKey: null, uniqueConstraints: [], foreignKeys: [], checks: [], autoIncrement: false },
  }

  constructor(random: Random) {
    this.#random = random
  }

  write(): { readonly sql: string; readonly expected: TableText } {
    const random = this.#random
    const names = random.shuffle(NAMES).slice(0, 1 + random.below(6))
    const columns = names.map((name) => this.#column(name))
    const constraints = Array.from({ length: random.below(4) }, () => this.#tableConstraint(names))
    const items = [...columns, ...constraints].join(this.#gap(',', true))
    return { sql: this.#keywords(`create table t${this.#gap('(', true)}${items}${this.#gap(')', true)}`), expected: this.#expected }
  }

  #column(name: string): string {
    const random = this.#random
    const written: Written<TableText['columns'][number]> = {
      name,
      collation: null,
      default: null,
      generated: null,
      notNullOnConflict: null,
    }
    this.#expected.columns.push(written)
    const parts = [this.#name(name)]
    if (this.#chance(0.7)) parts.push(random.pick(TYPES))
    const others: (() => string)[] = [() => this.#check(name), () => this.#reference([name]), () => this.#unique(name), () => 'null']
    others.push(() => {
      written.collation = random.pick(COLLATIONS)
      return `collate ${written.collation}`
    })
    others.push(() => {
      written.notNullOnConflict = this.#maybe(CONFLICTS)
      return `not null${onConflict(written.notNullOnConflict)}`
    })
    const own = this.#chance(0.2) ? this.#generated(written) : () => this.#default(written)
    const chosen = random.shuffle([own, ...others]).slice(0, random.below(4))
    if (this.#expected.columns.length === 1 && !chosen.includes(own)) chosen.push(() => 'null')
    return [...parts, ...chosen.map((make) => make())].join(this.#gap(' ', false))
  }

  #default(written: Written<TableText['columns'][number]>): string {
    const [text, meaning] = this.#random.pick(DEFAULTS)
    written.default = meaning
    return `default ${text}`
  }

  #generated(written: Written<TableText['columns'][number]>): () => string {
    return () => {
      // One column has to be there to be computed from, or SQLite refuses the table.
      if (this.#expected.columns.length === 1) return this.#default(written)
      const stored = this.#chance(0.5)
      const expression = this.#random.pick(EXPRESSIONS)
      written.generated = { expression: trimmed(expression), stored }
      const how = stored ? ' stored' : this.#random.pick(['', ' virtual'])
      return `${this.#random.pick(['', 'generated always '])}as (${expression})${how}`
    }
  }

  #check(column: string | null): string {
    const expression = this.#random.pick(EXPRESSIONS)
    const { name, text } = this.#constraintName()
    this.#expected.checks.push({ name, expression: trimmed(expression), column })
    return `${text}check (${expression})`
  }

  #unique(column: string): string {
    const { name, text } = this.#constraintName()
    const conflict = this.#maybe(CONFLICTS)
    this.#expected.uniqueConstraints.push({ name, members: [{ column, collation: null }], onConflict: conflict })
    return `${text}unique${onConflict(conflict)}`
  }

  /** What follows the columns of a foreign key; its own name stands before it only at a column. */
  #reference(columns: readonly string[], given?: string | null): string {
    const random = this.#random
    const named = given === undefined ? this.#constraintName() : { name: given, text: '' }
    const referredTable = random.pick(NAMES)
    const referredColumns = this.#chance(0.5) ? columns.map(() => random.pick(NAMES)) : null
    const [onDelete, onUpdate] = [this.#maybe(ACTIONS), this.#maybe(ACTIONS)]
    const match = this.#maybe(['simple', 'full', 'partial'] as const)
    const deferral = this.#maybe(['', 'initially deferred', 'initially immediate'] as const)
    const refused = this.#chance(0.2)
    this.#expected.foreignKeys.push({
      ...{ name: named.name, columns: [...columns], referredTable, referredColumns, match: match ?? 'simple' },
      ...{ onDelete: onDelete ?? 'no action', onUpdate: onUpdate ?? 'no action', deferrable: deferral !== null && !refused },
      initially: deferral === 'initially deferred' && !refused ? 'deferred' : 'immediate',
    })
    const options = random.shuffle([
      onDelete === null ? '' : `on delete ${onDelete}`,
      onUpdate === null ? '' : `on update ${onUpdate}`,
      match === null ? '' : `match ${match}`,
    ])
    const referred = referredColumns === null ? '' : ` (${referredColumns.map((column) => this.#name(column)).join(', ')})`
    const timing = deferral === null ? '' : `${refused ? 'not ' : ''}deferrable ${deferral}`
    return [`${named.text}references ${this.#name(referredTable)}${referred}`, ...options, timing].filter((part) => part !== '').join(' ')
  }

  #tableConstraint(columns: readonly string[]): string {
    const random = this.#random
    const kind = random.below(4)
    if (kind === 0) return this.#check(null)
    const chosen = random.shuffle(columns).slice(0, 1 + random.below(2))
    const { name, text } = this.#constraintName()
    if (kind === 1) {
      return `${text}foreign key (${chosen.map((column) => this.#name(column)).join(', ')}) ${this.#reference(chosen, name)}`
    }
    const members = chosen.map((column) => ({ column, collation: this.#maybe(COLLATIONS) }))
    const list = members.map(({ column, collation }) => {
      const collate = collation === null ? '' : ` collate ${collation}`
      return `${this.#name(column)}${collate}${random.pick(['', ' asc', ' desc'])}`
    })
    const conflict = this.#maybe(CONFLICTS)
    const generated = this.#expected.columns.some((column) => column.generated !== null)
    if (kind === 2 && this.#expected.primaryKey === null && !generated) {
      this.#expected.primaryKey = { name, members, onConflict: conflict }
      return `${text}primary key (${list.join(', ')})${onConflict(conflict)}`
    }
    this.#expected.uniqueConstraints.push({ name, members, onConflict: conflict })
    return `${text}unique (${list.join(', ')})${onConflict(conflict)}`
  }

  #constraintName(): { readonly name: string | null; readonly text: string } {
    const name = this.#maybe(NAMES)
    return { name, text: name === null ? '' : `constraint ${this.#name(name)} ` }
  }

  /** In one of the quotes that can hold it. */
  #name(name: string): string {
    const quotes = [`"${name.replaceAll('"', '""')}"`, `\`${name.replaceAll('`', '``')}\``]
    if (!name.includes(']')) quotes.push(`[${name}]`)
    if (/^(a|b|é|日本|key|😀)$/i.test(name)) quotes.push(name, name)
    return this.#random.pick(quotes)
  }

  #maybe<T>(values: readonly T[]): T | null {
    return this.#chance(0.5) ? this.#random.pick(values) : null
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  /** A symbol with blanks and comments around it; a blank is never left out. */
  #gap(symbol: string, optional: boolean): string {
    const gaps = [' ', '\n', '\t ', " /* ( ' */ ", ' -- ) "\n', '/**/']
    const around = () => (optional && this.#chance(0.5) ? '' : this.#random.pick(gaps))
    return symbol === ' ' ? around() : `${around()}${symbol}${around()}`
  }

  /** The first words in other capitals. */
  #keywords(sql: string): string {
    return this.#chance(0.5) ? sql.replace('create table', 'CREATE  Table') : sql
  }
}

function onConflict(action: string | null): string {
  return action === null ? '' : ` on conflict ${action}`
}
