const maxId = 2 ** 31 - 1
/** A window that is longer than this, and mostly of requests that have been answered, is given up. */
const maxSparse = 1_024

/**
 * What waits for answers, by number. Numbers are given in order and most requests are answered in order, so it is a queue that is looked into
 * by position; the few that wait for long, such as open cursors, move to a map when those behind them have gone. A map alone would hash
 * 20,000 requests of one tick twice, and grow for them.
 */
export class InFlight<T> {
  /** The number of the window's first place. */
  #first = 1
  #window: (T | undefined)[] = []
  /** Places before this one are empty. */
  #head = 0
  #inWindow = 0
  readonly #others = new Map<number, T>()

  get size(): number {
    return this.#inWindow + this.#others.size
  }

  /** Gives its number: from 1 on, and from 1 again after 2^31 - 1. */
  add(item: T): number {
    if (this.#window.length > maxSparse && this.#inWindow < this.#window.length / 4) this.#restart(this.#first + this.#window.length)
    if (this.#first + this.#window.length > maxId) this.#restart(1)
    this.#inWindow++
    return this.#first + this.#window.push(item) - 1
  }

  /** Whether nothing is left of what was added before it, but for these. */
  isFirst(id: number, except: ReadonlySet<number>): boolean {
    for (const other of this.#others.keys()) if (other < id && !except.has(other)) return false
    for (let place = this.#head; this.#first + place < id; place++) {
      if (this.#window[place] !== undefined && !except.has(this.#first + place)) return false
    }
    return true
  }

  /** Under a number that is not given to anybody. */
  set(id: number, item: T): void {
    this.#others.set(id, item)
  }

  get(id: number): T | undefined {
    return this.#window[id - this.#first] ?? this.#others.get(id)
  }

  /** In place of what waits under this number; nothing if nothing does. */
  replace(id: number, item: T): void {
    if (this.#window[id - this.#first] !== undefined) this.#window[id - this.#first] = item
    else if (this.#others.has(id)) this.#others.set(id, item)
  }

  delete(id: number): void {
    const place = id - this.#first
    if (this.#window[place] === undefined) {
      this.#others.delete(id)
      return
    }
    this.#window[place] = undefined
    this.#inWindow--
    if (place !== this.#head) return
    while (this.#head < this.#window.length && this.#window[this.#head] === undefined) this.#head++
    if (this.#head === this.#window.length) this.#restart(this.#first + this.#head)
  }

  /** Takes all of them out, in the order of their numbers. */
  drain(): T[] {
    const items = [...this.#others.values()]
    for (const item of this.#window) if (item !== undefined) items.push(item)
    this.#others.clear()
    this.#inWindow = 0
    this.#restart(this.#first + this.#window.length)
    return items
  }

  /** Goes on with an empty window; whoever is in it still moves to the map. */
  #restart(first: number): void {
    for (let place = this.#head; this.#inWindow > 0; place++) {
      const item = this.#window[place]
      if (item === undefined) continue
      this.#others.set(this.#first + place, item)
      this.#inWindow--
    }
    this.#first = first
    this.#head = 0
    this.#window = []
  }
}
