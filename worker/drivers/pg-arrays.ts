import type { DriverValue } from './driver.ts'

/**
 * Reads an array as PostgreSQL writes it: `{1,NULL,"a b"}`, `{{1,2},{3,4}}`, with bounds of its own `[0:1]={1,2}`.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function parseArray(text: string, parseElement: (text: string) => DriverValue): DriverValue[] {
  return new ArrayReader(text, parseElement).read()
}

class ArrayReader {
  readonly #text: string
  readonly #parse: (text: string) => DriverValue
  /** At an opening brace when `read` is called, behind its closing one afterwards. */
  #at: number

  constructor(text: string, parse: (text: string) => DriverValue) {
    this.#text = text
    this.#parse = parse
    // Where the first index is not 1, the bounds come first.
    this.#at = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  }

  read(): DriverValue[] {
    const values: DriverValue[] = []
    this.#at++
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at]
      if (next === '}') {
        this.#at++
        break
      }
      if (next === ',') this.#at++
      else values.push(this.#element(next))
    }
    return values
  }

  #element(first: string | undefined): DriverValue {
    if (first === '{') return this.read()
    if (first === '"') return this.#parse(this.#quoted())
    const start = this.#at
    while (this.#at < this.#text.length && this.#text[this.#at] !== ',' && this.#text[this.#at] !== '}') this.#at++
    const text = this.#text.slice(start, this.#at)
    return text === 'NULL' ? null : this.#parse(text)
  }

  #quoted(): string {
    const start = ++this.#at
    let escaped = false
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') {
        escaped = true
        this.#at++
      }
      this.#at++
    }
    const text = this.#text.slice(start, this.#at)
    this.#at++
    return escaped ? text.replace(/\\(.)/gs, '$1') : text
  }
}
