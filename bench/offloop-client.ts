import { type AsyncConnection, type AsyncEngine, createEngine } from 'offloop'
import type { Client, OpenClientOptions } from './baselines/client.ts'
import { type Item, type ItemValues, insertItem, selectItem, selectItems } from './item.ts'

export function urlOf(file: string): string {
  return `sqlite:///${file}`
}

/** One connection of an engine, used as the baselines use theirs. */
export class OffloopClient implements Client {
  readonly engine: AsyncEngine
  readonly connection: AsyncConnection

  static async open(file: string, { durable = false }: OpenClientOptions = {}): Promise<OffloopClient> {
    const engine = createEngine(urlOf(file), { durability: durable ? 'full' : 'normal' })
    return new OffloopClient(engine, await engine.connect())
  }

  private constructor(engine: AsyncEngine, connection: AsyncConnection) {
    this.engine = engine
    this.connection = connection
  }

  get(id: number): Promise<Item | null> {
    return this.connection.execute<Item>(selectItem, [id]).first()
  }

  all(): Promise<Item[]> {
    return this.connection.execute<Item>(selectItems).fetchall()
  }

  async exec(sql: string): Promise<void> {
    await this.connection.execute(sql)
  }

  /** Through the engine: that is where autocommit belongs. */
  async insert(values: ItemValues): Promise<void> {
    await this.engine.execute(insertItem, values)
  }

  async insertMany(rows: readonly ItemValues[]): Promise<void> {
    await this.connection.executeMany(insertItem, rows)
  }

  async insertTogether(rows: readonly ItemValues[]): Promise<void> {
    await this.connection.transaction(async (tx) => {
      await Promise.all(rows.map((values) => tx.execute(insertItem, values)))
    })
  }

  async close(): Promise<void> {
    await this.engine.close()
  }
}
