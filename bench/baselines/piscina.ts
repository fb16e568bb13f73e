import { Piscina } from 'piscina'
import type { Item, ItemValues } from '../item.ts'
import type { Client, OpenClientOptions } from './client.ts'

export type PiscinaTask =
  | { readonly kind: 'get'; readonly id: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'insert'; readonly values: ItemValues }
  | { readonly kind: 'exec'; readonly sql: string }

/** A task of Piscina for each statement. One thread, because one connection is what the others have. */
export class PiscinaClient implements Client {
  readonly #pool: Piscina

  static async open(file: string, options: OpenClientOptions = {}): Promise<PiscinaClient> {
    return new PiscinaClient(file, options)
  }

  private constructor(file: string, options: OpenClientOptions) {
    const filename = new URL('./piscina-worker.ts', import.meta.url).href
    this.#pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, workerData: { file, options } })
  }

  get(id: number): Promise<Item | undefined> {
    return this.#run({ kind: 'get', id })
  }

  all(): Promise<readonly Item[]> {
    return this.#run({ kind: 'all' })
  }

  insert(values: ItemValues): Promise<void> {
    return this.#run({ kind: 'insert', values })
  }

  exec(sql: string): Promise<void> {
    return this.#run({ kind: 'exec', sql })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #run<T>(task: PiscinaTask): Promise<T> {
    return this.#pool.run(task)
  }
}
