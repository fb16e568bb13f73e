/** A text in a server's dialect, and what the scanner must find in it. */
export interface ServerText {
  readonly sql: string
  /** Names without their mark, numbers included; empty for `?`. */
  readonly names: readonly string[]
  /** How many placeholders the text has that is sent. */
  readonly sent: number
  readonly statements: number
  /** False for what the server refuses, or cannot prepare: then only the scanner is asked. */
  readonly valid: boolean
}

/** A statement that the server accepts. `placeholders` are the names in it, or how many `?` there are. */
export function valid(sql: string, placeholders: readonly string[] | number = [], sent?: number): ServerText {
  const names = typeof placeholders === 'number' ? [] : placeholders
  return { sql, names, sent: sent ?? (typeof placeholders === 'number' ? placeholders : names.length), statements: 1, valid: true }
}

/** A text that nobody accepts as one statement: it is unterminated, several, or nonsense. */
export function invalid(sql: string, statements: number, placeholders: readonly string[] | number = []): ServerText {
  return { ...valid(sql, placeholders), statements, valid: false }
}
