import { createEngine } from 'offloop'
import { float, integer, ModelRegistry, text } from 'offloop/orm'
import type { MapperFactory } from '../baselines/mapper.ts'
import type { BenchCase, CaseContext, Outcome, Variant } from '../bench-case.ts'
import { type Item, idAt } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000
const inFlight = 64
/** How many instances a filter finds. */
const found = 10

const columns = ['id', 'name', 'price', 'quantity', 'note'].map((column) => `"item"."${column}"`).join(', ')

/** What `objects.get({ pk })` and the filter below send. */
const selectOne = `select ${columns} from "item" where "item"."id" = ? limit +?`
const selectBetween = `select ${columns} from "item" where "item"."id" between ? and ? order by "item"."id" asc`

const offloop: MapperFactory = {
  name: 'offloop',
  open: async (file) => {
    const engine = createEngine(urlOf(file))
    const models = new ModelRegistry(engine)
    class ItemModel extends models.define('item', {
      id: integer({ primaryKey: true }),
      name: text(),
      price: float(),
      quantity: integer(),
      note: text({ allowNull: true }),
    }) {}
    return {
      get: (id) => ItemModel.objects.get({ pk: id }),
      between: (from, to) =>
        ItemModel.objects
          .filter({ id__range: [from, to] })
          .orderBy('id')
          .all(),
      close: () => engine.close(),
    }
  },
}

const execute: MapperFactory = {
  name: 'engine.execute',
  open: async (file) => {
    const engine = createEngine(urlOf(file))
    return {
      get: (id) => engine.execute<Item>(selectOne, [id, 2]).one(),
      between: (from, to) => engine.execute<Item>(selectBetween, [from, to]).fetchall(),
      close: () => engine.close(),
    }
  },
}

const targets: BenchCase['targets'] = [
  { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.5, relativeTo: 'engine.execute' },
  { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1, relativeTo: 'Drizzle' },
  { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1, relativeTo: 'MikroORM' },
  { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1, relativeTo: 'TypeORM' },
]

export const mapperGet: BenchCase = {
  module: import.meta.url,
  name: 'mapper-get',
  title: `object mappers: one instance by its key, ${inFlight} in flight`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 1_000 : 10_000),
  targets,
  variants(context) {
    const count = this.operations(context.quick)
    return mapperVariants(context, async (mapper) => {
      const instances = await gatherTasks(inFlight, count, (index) => mapper.get(idAt(index, rows)))
      return { answer: () => instances }
    })
  },
}

export const mapperFilter: BenchCase = {
  module: import.meta.url,
  name: 'mapper-filter',
  title: `object mappers: ${found} instances by a filter, ${inFlight} in flight`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 500 : 5_000),
  targets,
  variants(context) {
    const count = this.operations(context.quick)
    return mapperVariants(context, async (mapper) => {
      const instances = await gatherTasks(inFlight, count, (index) => {
        const from = idAt(index, rows - found)
        return mapper.between(from, from + found - 1)
      })
      return { answer: () => instances }
    })
  },
}

async function mapperVariants(
  { files, loadMappers }: CaseContext,
  run: (mapper: Awaited<ReturnType<MapperFactory['open']>>) => Promise<Outcome>,
): Promise<readonly Variant[]> {
  return [execute, offloop, ...(await loadMappers())].map(({ name, open }) => ({
    name,
    prepare: async () => {
      const mapper = await open(files.copy(rows))
      return { run: () => run(mapper), close: () => mapper.close() }
    },
  }))
}
