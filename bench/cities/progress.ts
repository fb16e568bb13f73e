import { clearLine, cursorTo } from 'node:readline'

/** Tells what is going on: on a terminal one line that changes, in a pipe one line for each step. */
export class Progress {
  readonly #output = process.stdout
  #step = ''
  #percent = -1

  step(text: string): void {
    this.#step = text
    this.#percent = -1
    if (this.#output.isTTY) this.#rewrite(`${text} …`)
    else this.#output.write(`${text}\n`)
  }

  update(done: number, total: number): void {
    const percent = Math.floor((100 * done) / total)
    if (!this.#output.isTTY || percent === this.#percent) return
    this.#percent = percent
    this.#rewrite(`${this.#step} … ${percent} %`)
  }

  /** Leaves the line empty for what comes next. */
  end(): void {
    if (this.#output.isTTY) this.#rewrite('')
  }

  #rewrite(line: string): void {
    clearLine(this.#output, 0)
    cursorTo(this.#output, 0)
    this.#output.write(line)
  }
}
