import type { RoutineBody } from './statement-reader.ts'

const HEAD_WORDS = 4

/**
 * The body of an SQL routine: CREATE FUNCTION … BEGIN ATOMIC … END, with CASE … END inside. Every other body is a text to the server.
 * https://www.postgresql.org/docs/current/sql-createfunction.html
 */
export class PostgresqlBody implements RoutineBody {
  readonly #head: string[] = []
  #blocks = 0

  word(word: string, previous: string): void {
    if (this.#head.length < HEAD_WORDS) this.#head.push(word)
    if (this.#blocks === 0) {
      if (word === 'atomic' && previous === 'begin' && createsRoutine(this.#head)) this.#blocks = 1
    } else if (word === 'case') {
      this.#blocks += 1
    } else if (word === 'end' && previous !== 'as') {
      // Behind AS it names a column.
      this.#blocks -= 1
    }
  }

  semicolon(): boolean {
    return this.#blocks > 0
  }

  reset(): void {
    this.#head.length = 0
    this.#blocks = 0
  }
}

/** Whether these first words of a statement are those of CREATE [OR REPLACE] FUNCTION or PROCEDURE. */
export function createsRoutine([create, second, replace, fourth]: readonly string[]): boolean {
  const kind = second === 'or' && replace === 'replace' ? fourth : second
  return create === 'create' && (kind === 'function' || kind === 'procedure')
}
