/**
 * Members in the order in which they came, who leave without saying so: whoever has left is swept out now and then. Against a Set it saves
 * hashing each member twice, which for the statements of a busy connection is a part of their cost.
 */
export class Roll<T> {
  readonly #hasLeft: (member: T) => boolean
  #members: T[] = []
  #sweepAt = leastSweep

  constructor(hasLeft: (member: T) => boolean) {
    this.#hasLeft = hasLeft
  }

  add(member: T): void {
    // Most often whoever came before has left: nobody is kept in memory for longer than that.
    while (this.#members.length > 0 && this.#hasLeft(this.#members.at(-1) as T)) this.#members.pop()
    if (this.#members.length >= this.#sweepAt) {
      this.#members = this.#members.filter((each) => !this.#hasLeft(each))
      this.#sweepAt = Math.max(leastSweep, 2 * this.#members.length)
    }
    this.#members.push(member)
  }

  /** Those who have not left. */
  *[Symbol.iterator](): Iterator<T> {
    // Not a copy: who comes while somebody walks over them is met as well.
    for (let index = 0; index < this.#members.length; index++) {
      const member = this.#members[index] as T
      if (!this.#hasLeft(member)) yield member
    }
  }

  clear(): void {
    this.#members = []
    this.#sweepAt = leastSweep
  }
}

const leastSweep = 32
