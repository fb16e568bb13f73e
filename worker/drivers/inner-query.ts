/** What may hold a word or a bracket that is none, and the words and brackets that count. Two quotes inside a literal begin another one. */
const tokens = /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[()]|\b(?:union|intersect|except|limit)\b/gi

/** A query of SQLite's as it stands inside another one, where it may give other rows. */
export class InnerQuery {
  /** To be put between brackets, the closing one on a line of its own. */
  readonly text: string
  /**
   * Several queries in one: inside another query, integers of the second one become REALs in a column that the first one takes from a
   * column of that type.
   */
  readonly compound: boolean
  /**
   * A LIMIT of a subquery: where that has no order of its own SQLite takes the order around it first, but not inside a query with another
   * LIMIT.
   */
  readonly limitInside: boolean

  constructor(query: string) {
    this.text = query.replace(/[\s;]+$/, '')
    let compound = false
    let limitInside = false
    let depth = 0
    for (const [token] of query.matchAll(tokens)) {
      if (token === '(') depth++
      else if (token === ')') depth--
      else if (/^limit$/i.test(token)) limitInside ||= depth > 0
      else if (/^[uie]/i.test(token)) compound ||= depth === 0
    }
    this.compound = compound
    this.limitInside = limitInside
  }
}

/** The same query, which ends behind so many rows by itself: all that it gives can be asked for in one call. */
export class FirstRows<Statement> {
  readonly #query: string
  readonly #prepare: (sql: string) => Statement
  #most = 0
  #statement: Statement | null = null

  constructor(query: string, prepare: (sql: string) => Statement) {
    this.#query = query
    this.#prepare = prepare
  }

  /** The first `most` rows, in the query's order; null where it cannot stand inside another one. */
  of(most: number): Statement | null {
    if (most !== this.#most) {
      this.#most = most
      this.#statement = this.#tryToPrepare(most)
    }
    return this.#statement
  }

  #tryToPrepare(most: number): Statement | null {
    const { text, compound, limitInside } = new InnerQuery(this.#query)
    if (compound || limitInside) return null
    try {
      return this.#prepare(`select * from (${text}\n) limit ${most}`)
    } catch {
      return null
    }
  }

  /** What has been prepared. */
  get prepared(): Statement | null {
    return this.#statement
  }
}
