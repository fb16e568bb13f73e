/** How often the schema has changed, as far as this thread knows: all connections of an engine that it hosts are told by one of them. */
let version = 0

/**
 * Looks for changes of the schema in what a connection has run. What type a parameter has, the server finds out when it prepares a statement,
 * and keeps it whatever becomes of the column: a text that is inserted after ALTER or DROP would be read as a value of the old type, often
 * without an error, or as one of a type that is gone.
 */
export class SchemaWatch {
  /** Something has changed in the transaction that is open, or has just ended. */
  #changed = false

  /** A statement that was prepared at another version has to be prepared anew. */
  get version(): number {
    return version
  }

  /** @param tag of a command that has run: `ALTER TABLE`. */
  commandCompleted(tag: string): void {
    const changes = /^(?:ALTER|DROP) /.test(tag)
    // After a ROLLBACK TO everything is as it was before.
    if (changes || (this.#changed && tag === 'ROLLBACK')) version++
    if (changes) this.#changed = true
  }

  /** No transaction is open: other connections see from now on what it has changed, and this one sees no more of it if it was rolled back. */
  transactionEnded(): void {
    if (this.#changed) version++
    this.#changed = false
  }
}
