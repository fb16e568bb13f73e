import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Item, ItemValues } from '../item.ts'
import { type BorderCell, BorderRequest, borderFailed, itemWidth } from './border-protocol.ts'
import type { Client, OpenClientOptions } from './client.ts'

/** Makes of the cells of one reply what its caller gets. */
type Build = (cells: readonly BorderCell[], from: number, count: number) => unknown

interface Waiter {
  readonly build: Build
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/**
 * The yardstick: what the border between two threads costs when there is nothing else. A worker with the driver, all requests of one tick in
 * one message, all replies to it in one message, flat arrays both ways, rows built here; no checks, no results, no cancellation, no flow
 * control. For rows in bulk it is no yardstick: it sends them all at once.
 */
export class BorderClient implements Client {
  readonly #worker: Worker
  /** In the order of the requests, which is that of the replies. */
  #waiters: Waiter[] = []
  #answered = 0
  #requests: BorderCell[] = []

  static async open(file: string, options: OpenClientOptions = {}): Promise<BorderClient> {
    const worker = new Worker(new URL('./border-worker.ts', import.meta.url), { workerData: { file, options } })
    await once(worker, 'message')
    return new BorderClient(worker)
  }

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (replies: readonly BorderCell[]) => this.#receive(replies))
  }

  get(id: number): Promise<Item | undefined> {
    this.#scheduleFlush()
    this.#requests.push(BorderRequest.get, id)
    return this.#reply(toItem)
  }

  all(): Promise<Item[]> {
    this.#scheduleFlush()
    this.#requests.push(BorderRequest.all)
    return this.#reply(toItems)
  }

  insert([id, name, price, quantity, note]: ItemValues): Promise<void> {
    this.#scheduleFlush()
    this.#requests.push(BorderRequest.insert, id, name, price, quantity, note)
    return this.#reply(toNothing)
  }

  exec(sql: string): Promise<void> {
    this.#scheduleFlush()
    this.#requests.push(BorderRequest.exec, sql)
    return this.#reply(toNothing)
  }

  async insertTogether(rows: readonly ItemValues[]): Promise<void> {
    await this.exec('begin immediate')
    await Promise.all(rows.map((values) => this.insert(values)))
    await this.exec('commit')
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #reply<T>(build: Build): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ build, resolve, reject })
    })
  }

  #scheduleFlush(): void {
    if (this.#requests.length === 0) process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    const requests = this.#requests
    this.#requests = []
    this.#worker.postMessage(requests)
  }

  #receive(replies: readonly BorderCell[]): void {
    for (let at = 0; at < replies.length; ) {
      const count = Number(replies[at++])
      const waiter = this.#waiters[this.#answered++]
      if (count === borderFailed) {
        waiter?.reject(new Error(String(replies[at++])))
      } else {
        waiter?.resolve(waiter.build(replies, at, count) as never)
        at += count
      }
    }
    if (this.#answered < this.#waiters.length) return
    this.#waiters = []
    this.#answered = 0
  }
}

function toItem(cells: readonly BorderCell[], from: number, count: number): Item | undefined {
  return count === 0 ? undefined : itemFrom(cells, from)
}

function toItems(cells: readonly BorderCell[], from: number, count: number): Item[] {
  const items: Item[] = []
  for (let at = from; at < from + count; at += itemWidth) items.push(itemFrom(cells, at))
  return items
}

function toNothing(): undefined {
  return undefined
}

function itemFrom(cells: readonly BorderCell[], at: number): Item {
  // The worker sends them in the order of the columns.
  return { id: cells[at], name: cells[at + 1], price: cells[at + 2], quantity: cells[at + 3], note: cells[at + 4] } as Item
}
