import type { Item, ItemValues } from '../item.ts'

export interface OpenClientOptions {
  /** `synchronous = FULL`: a commit survives the loss of power. */
  readonly durable?: boolean
}

/** A client with one connection, as a program uses it: each in the way that its own documentation shows. */
export interface Client {
  get(id: number): Promise<Item | undefined | null>
  all(): Promise<readonly Item[]>
  /** The one row of a statement without parameters. */
  report?(sql: string): Promise<unknown>
  /** A statement without parameters and rows. */
  exec(sql: string): Promise<void>
  /** One row, committed when it settles. */
  insert?(values: ItemValues): Promise<unknown>
  /** Many rows in one transaction, the best way that the client has for it. */
  insertMany?(rows: readonly ItemValues[]): Promise<unknown>
  /** One statement a row, all of them awaited together, in one transaction. */
  insertTogether?(rows: readonly ItemValues[]): Promise<unknown>
  close(): Promise<void>
}

/** A baseline that could be loaded. */
export interface ClientFactory {
  readonly name: string
  open(file: string, options?: OpenClientOptions): Promise<Client>
}
