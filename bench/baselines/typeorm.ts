import Database from 'better-sqlite3'
import { pragmas } from '../item.ts'
import { loadPackage } from './load-package.ts'
import type { Mapper, MapperFactory } from './mapper.ts'

interface Repository {
  findOneByOrFail(where: object): Promise<object>
  find(options: object): Promise<readonly object[]>
}

interface DataSource {
  initialize(): Promise<unknown>
  query(sql: string): Promise<unknown>
  getRepository(entity: object): Repository
  destroy(): Promise<void>
}

interface TypeormPackage {
  readonly DataSource: new (options: object) => DataSource
  readonly EntitySchema: new (options: object) => object
  Between(from: number, to: number): object
}

/** @throws {Error} the package is not installed */
export async function loadTypeorm(): Promise<MapperFactory> {
  // Their types are described above, as far as they are used.
  const { DataSource, EntitySchema, Between } = (await loadPackage('typeorm')) as TypeormPackage
  const item = new EntitySchema({
    name: 'item',
    columns: {
      id: { type: 'integer', primary: true },
      name: { type: 'text' },
      price: { type: 'real' },
      quantity: { type: 'integer' },
      note: { type: 'text', nullable: true },
    },
  })
  return {
    name: 'TypeORM',
    open: async (file) => {
      const source = new DataSource({ type: 'better-sqlite3', driver: Database, database: file, entities: [item] })
      await source.initialize()
      for (const pragma of pragmas) await source.query(`pragma ${pragma}`)
      const items = source.getRepository(item)
      return {
        get: (id) => items.findOneByOrFail({ id }),
        between: (from, to) => items.find({ where: { id: Between(from, to) }, order: { id: 'asc' } }),
        close: () => source.destroy(),
      } satisfies Mapper
    },
  }
}
