/**
 * What is undone in the process when a transaction is rolled back: of each object, how it was before the first change. It keeps none of them
 * alive, nor many references to those that are gone: a transaction may go on for long, and change more objects than there is memory for.
 */
export class RollbackLog {
  readonly #undos = new WeakMap<object, () => void>()
  #objects: WeakRef<object>[] = []
  /** How many there may be before those that are gone are left out. */
  #limit = 1_000

  add(object: object, undo: () => void): void {
    if (this.#undos.has(object)) return
    this.#undos.set(object, undo)
    if (this.#objects.length >= this.#limit) {
      this.#objects = this.#objects.filter((reference) => reference.deref() !== undefined)
      this.#limit = Math.max(1_000, 2 * this.#objects.length)
    }
    this.#objects.push(new WeakRef(object))
  }

  /** What was changed in a savepoint is now a change of the transaction around it. */
  takeOver(inner: RollbackLog): void {
    for (const reference of inner.#objects) {
      const object = reference.deref()
      const undo = object === undefined ? undefined : inner.#undos.get(object)
      if (object !== undefined && undo !== undefined) this.add(object, undo)
    }
  }

  undo(): void {
    for (const reference of this.#objects) {
      const object = reference.deref()
      if (object !== undefined) this.#undos.get(object)?.()
    }
  }
}
