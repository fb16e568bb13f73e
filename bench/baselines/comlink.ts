import { Worker } from 'node:worker_threads'
import { type Remote, wrap } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Item, ItemValues } from '../item.ts'
import type { Client, OpenClientOptions } from './client.ts'
import type { ComlinkRemote } from './comlink-worker.ts'

/** comlink around the driver: an object in a worker whose methods can be called from here. */
export class ComlinkClient implements Client {
  readonly #worker: Worker
  readonly remote: Remote<ComlinkRemote>

  static async open(file: string, options: OpenClientOptions = {}): Promise<ComlinkClient> {
    return new ComlinkClient(file, options)
  }

  private constructor(file: string, options: OpenClientOptions) {
    this.#worker = new Worker(new URL('./comlink-worker.ts', import.meta.url), { workerData: { file, options } })
    this.remote = wrap<ComlinkRemote>(nodeEndpoint(this.#worker))
  }

  get(id: number): Promise<Item | undefined> {
    return this.remote.get(id)
  }

  all(): Promise<readonly Item[]> {
    return this.remote.all()
  }

  exec(sql: string): Promise<void> {
    return this.remote.exec(sql)
  }

  insert(values: ItemValues): Promise<number> {
    return this.remote.insert(values)
  }

  insertMany(rows: readonly ItemValues[]): Promise<void> {
    return this.remote.insertMany(rows)
  }

  async insertTogether(rows: readonly ItemValues[]): Promise<void> {
    await this.remote.exec('begin immediate')
    await Promise.all(rows.map((values) => this.remote.insert(values)))
    await this.remote.exec('commit')
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
