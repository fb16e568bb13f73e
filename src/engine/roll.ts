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
    if (this.#members.length >= this.#sweepAt) this.#sweep()
    this.#members.push(member)
  }

  #sweep(): void {
    let staying = 0
    for (const member of this.#members) if (!this.#hasLeft(member)) this.#members[staying++] = member
    this.#members.length = staying
    this.#sweepAt = Math.max(leastSweep, 2 * staying)
  }

  /** The first who has not left. */
  first(): T | undefined {
    return this.#members.find((member) => !this.#hasLeft(member))
  }

  /** Those who have not left. */
  present(): T[] {
    return this.#members.filter((member) => !this.#hasLeft(member))
  }

  clear(): void {
    this.#members = []
    this.#sweepAt = leastSweep
  }
}

const leastSweep = 32
