import type { PlaceholderStyle, ScannedStatement } from './scanned-statement.ts'

/** A server's own placeholder for the value with this index. */
export type PlaceholderMark = (index: number) => string

/** The placeholders of a text for a server, and the text with the server's own in place of `:name`. */
export class PlaceholderList {
  #anonymous = 0
  readonly #numbers = new Set<string>()
  /** With their indexes, in order of first appearance. */
  readonly #names = new Map<string, number>()
  /** For each `:name` of the text its start, its end, and its index. */
  readonly #marks: (readonly [start: number, end: number, index: number])[] = []

  addAnonymous(): void {
    this.#anonymous += 1
  }

  addNumber(number: string): void {
    this.#numbers.add(number)
  }

  /** What has been found were no parameters of the statement's own. */
  clear(): void {
    this.#anonymous = 0
    this.#numbers.clear()
    this.#names.clear()
    this.#marks.length = 0
  }

  /** @param start of the name's colon */
  addName(sql: string, start: number, end: number): void {
    const name = sql.slice(start + 1, end)
    const index = this.#names.get(name) ?? this.#names.size
    this.#names.set(name, index)
    this.#marks.push([start, end, index])
  }

  /** @param shared true where one placeholder can stand in several places, and false where each place takes a value of its own */
  result(sql: string, mark: PlaceholderMark, shared: boolean): Pick<ScannedStatement, 'style' | 'names' | 'count' | 'text' | 'valueOrder'> {
    const style = this.#style()
    const numbers = [...this.#numbers].sort((one, other) => Number(one) - Number(other))
    const names = Object.freeze([...numbers, ...this.#names.keys()])
    const order = this.#marks.map(([, , index]) => index)
    const repeats = style === 'named' && order.length > names.length
    return {
      style,
      names,
      count: this.#anonymous + names.length,
      text: style === 'named' ? this.#rewrite(sql, mark) : sql,
      valueOrder: repeats && !shared ? Object.freeze(order) : null,
    }
  }

  #style(): PlaceholderStyle {
    const styles: PlaceholderStyle[] = []
    if (this.#anonymous > 0) styles.push('anonymous')
    if (this.#numbers.size > 0) styles.push('numbered')
    if (this.#names.size > 0) styles.push('named')
    return styles.length > 1 ? 'mixed' : (styles[0] ?? 'none')
  }

  #rewrite(sql: string, mark: PlaceholderMark): string {
    let text = ''
    let from = 0
    for (const [start, end, index] of this.#marks) {
      text += sql.slice(from, start) + mark(index)
      from = end
    }
    return text + sql.slice(from)
  }
}
