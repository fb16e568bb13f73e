/** How a statement marks its parameters: `?`, `?1` or else `$1`, `:name`; `mixed` is more than one of these. */
export type PlaceholderStyle = 'none' | 'anonymous' | 'numbered' | 'named' | 'mixed'

/** What a statement does to the connection's transaction: begins a whole one, ends it, or sets, frees or returns to a savepoint inside it. */
export type TransactionEffect = 'none' | 'begin' | 'end' | 'savepoint'

/** What one pass over a text of SQL finds without understanding its grammar. Frozen, so that a cache can hand it out. */
export interface ScannedStatement {
  /** The first keyword in lower case; after WITH the verb of the statement proper; '' when the text does not begin with a word. */
  readonly verb: string
  /** How many statements the text holds; comments and lone semicolons are none. */
  readonly statements: number
  readonly style: PlaceholderStyle
  /** Distinct names without their mark: in order of first appearance, numbers in rising order; empty for `?`. */
  readonly names: readonly string[]
  /** How many values the user gives: one for each `?`, or for each distinct name. */
  readonly count: number
  /** The text as it is sent: with the database's own placeholders where it has no `:name`. */
  readonly text: string
  /** The names that the driver binds the values by, in their order; null where it binds them by position. */
  readonly boundNames: readonly string[] | null
  /** For each value that is sent the index of its name in `names`, where a name has to be sent more than once; else null. */
  readonly valueOrder: readonly number[] | null
  /**
   * True when it may change rows or the schema, or lock rows: nothing for a place that only reads. A verb that changes, a common table that
   * does, SELECT … INTO, SELECT … FOR UPDATE. What a function that it calls may do is not known.
   */
  readonly writes: boolean
  /** True when running it may leave something on the connection that outlives it: a transaction, a setting, a temp table, a lock. */
  readonly connectionState: boolean
  readonly transaction: TransactionEffect
}

/** What running a statement does, beside giving rows. */
export type StatementEffects = Pick<ScannedStatement, 'writes' | 'connectionState' | 'transaction'>
