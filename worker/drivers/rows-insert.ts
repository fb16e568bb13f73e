/** The forms that an INSERT has in a dialect, as parts of regular expressions. */
export interface InsertGrammar {
  /** All before the table's name. */
  readonly verb: string
  readonly name: string
  readonly placeholder: string
  /** All behind the values. */
  readonly tail: string
}

/** An INSERT of a single row of parameters, taken apart. */
export interface InsertOfOneRow {
  readonly before: string
  readonly placeholders: readonly string[]
  readonly after: string
}

/** Only the plainest INSERT there is matches: anything but parameters among its values might be computed from rows that were inserted before. */
export function insertPattern({ verb, name, placeholder, tail }: InsertGrammar): RegExp {
  const head = String.raw`${verb}\s+into\s+${name}(?:\s*\.\s*${name})?\s*(?:\(\s*${name}(?:\s*,\s*${name})*\s*\)\s*)?values?\s*`
  const row = String.raw`\(\s*(${placeholder}(?:\s*,\s*${placeholder})*)\s*\)`
  return new RegExp(String.raw`^\s*(${head})${row}\s*(${tail})?;?\s*$`, 'i')
}

export function readInsertOfOneRow(sql: string, pattern: RegExp): InsertOfOneRow | null {
  const [, before, list, after = ''] = pattern.exec(sql) ?? []
  if (before === undefined || list === undefined) return null
  return { before, placeholders: list.split(',').map((text) => text.trim()), after }
}

/** The INSERT of so many rows, with anonymous placeholders. */
export function toInsertOfRows({ before, placeholders, after }: InsertOfOneRow, rowCount: number): string {
  const row = `(${placeholders.map(() => '?').join(', ')})`
  return `${before}${new Array(rowCount).fill(row).join(', ')} ${after}`
}
