/** One place in a line. */
export interface PlaceInLine {
  /** Resolves when everybody before has had his turn, or has left; null when nobody is there. */
  readonly before: Promise<void> | null
  /** Whoever comes behind may go on once those before have. */
  leave(): void
}

/**
 * The order of calls, kept across something that takes each of them a different time: writers that open a connection each get the
 * database in the order in which they asked for it, and not in the order in which their threads come up.
 */
export class CallLine {
  #last: Promise<void> | null = null

  enter(): PlaceInLine {
    const before = this.#last
    const left = Promise.withResolvers<void>()
    // Who leaves before his turn keeps nobody waiting, and lets nobody overtake those before him.
    const done = before === null ? left.promise : Promise.all([before, left.promise]).then(() => {})
    this.#last = done
    void done.then(() => {
      if (this.#last === done) this.#last = null
    })
    return { before, leave: left.resolve }
  }
}
