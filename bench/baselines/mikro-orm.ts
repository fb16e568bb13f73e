import Database from 'better-sqlite3'
import { pragmas } from '../item.ts'
import { loadPackage } from './load-package.ts'
import type { Mapper, MapperFactory } from './mapper.ts'

interface Property {
  primary(): Property
  nullable(): Property
}

type PropertyMaker = () => Property

interface EntityManager {
  findOneOrFail(entity: object, where: object): Promise<object>
  find(entity: object, where: object, options: object): Promise<readonly object[]>
}

interface Orm {
  readonly em: { fork(): EntityManager }
  close(): Promise<void>
}

interface MikroOrmPackage {
  readonly MikroORM: { init(options: object): Promise<Orm> }
  defineEntity(options: object): object
  readonly p: Readonly<Record<'integer' | 'double' | 'string' | 'text', PropertyMaker>>
}

/** @throws {Error} the package is not installed */
export async function loadMikroOrm(): Promise<MapperFactory> {
  // Their types are described above, as far as they are used.
  const { MikroORM, defineEntity, p } = (await loadPackage('@mikro-orm/core')) as MikroOrmPackage
  const { SqliteDriver } = (await loadPackage('@mikro-orm/sql')) as { readonly SqliteDriver: object }
  const { SqliteDialect } = (await loadPackage('kysely')) as { readonly SqliteDialect: new (config: object) => object }
  const item = defineEntity({
    name: 'Item',
    tableName: 'item',
    properties: { id: p.integer().primary(), name: p.text(), price: p.double(), quantity: p.integer(), note: p.text().nullable() },
  })
  return {
    name: 'MikroORM',
    open: async (file) => {
      const database = new Database(file)
      for (const pragma of pragmas) database.pragma(pragma)
      const options = { driver: SqliteDriver, driverOptions: new SqliteDialect({ database }), dbName: file, entities: [item] }
      return new MikroOrmMapper(await MikroORM.init(options), item)
    },
  }
}

/** MikroORM on better-sqlite3, which it calls on the thread of its caller. */
class MikroOrmMapper implements Mapper {
  readonly #orm: Orm
  readonly #item: object

  constructor(orm: Orm, item: object) {
    this.#orm = orm
    this.#item = item
  }

  /** A fork for each request: what one has read is not to be another one's. */
  get(id: number): Promise<object> {
    return this.#orm.em.fork().findOneOrFail(this.#item, { id })
  }

  between(from: number, to: number): Promise<readonly object[]> {
    return this.#orm.em.fork().find(this.#item, { id: { $gte: from, $lte: to } }, { orderBy: { id: 'asc' } })
  }

  async close(): Promise<void> {
    await this.#orm.close()
  }
}
