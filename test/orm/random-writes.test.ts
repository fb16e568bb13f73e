import type { AsyncEngine, Executor } from 'offloop'
import { sql } from 'offloop'
import {
  bigInteger,
  boolean,
  date,
  decimal,
  enumeration,
  foreignKey,
  integer,
  json,
  ModelRegistry,
  manyToMany,
  string,
  uuid,
} from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'
import { type Below, random } from '../random-numbers.ts'
import { type Live, LiveInstances } from './live-instances.ts'
import { type AnyModel, RandomWrites, type Step } from './random-writes.ts'
import { Refusal, type Shapes, StoredRows, textOf, type Values } from './stored-rows.ts'

/** How many sequences of writes each database takes. */
const rounds = Number(process.env['OFFLOOP_TEST_RANDOM_WRITES'] ?? 8)
const stepsPerRound = 40

function shopModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Shop extends models.define('shops', {
    name: string({ primaryKey: true, maxLength: 9 }),
    open: boolean({ default: true }),
    info: json({ default: { n: [1] } }),
    parent: foreignKey('shops', { allowNull: true, onDelete: 'set null' }),
  }) {}
  class Tag extends models.define('tags', { id: uuid({ primaryKey: true }), name: string({ maxLength: 9 }) }) {}
  class Item extends models.define('items', {
    id: integer({ primaryKey: true }),
    title: string({ maxLength: 9, allowNull: true, column: 'item title' }),
    shop: foreignKey(() => Shop, { allowNull: true, onDelete: 'cascade' }),
    serial: bigInteger({ allowNull: true, unique: true }),
    price: decimal({ maxDigits: 8, decimalPlaces: 2, default: '1' }),
    version: integer({ default: 1, onUpdate: 7 }),
    rank: integer({ serverDefault: sql`5` }),
    tags: manyToMany(() => Tag),
  }) {}
  class Book extends Item.extend('books', {
    mood: enumeration(['bad', 'good'], { default: 'good' }),
    about: foreignKey(() => Shop, { allowNull: true, onDelete: 'set null' }),
    day: date({ allowNull: true }),
  }) {}
  class Pair extends models.define('pairs', {
    a: integer({ primaryKey: true }),
    b: string({ primaryKey: true, maxLength: 9 }),
    n: integer({ default: 0, onUpdate: () => 4 }),
    shop: foreignKey(() => Shop, { allowNull: true, onDelete: 'cascade' }),
  }) {}
  return { registry: models, models: { shops: Shop, tags: Tag, items: Item, books: Book, pairs: Pair } }
}

/** Values that are stored as they are given. */
const same = (...values: readonly unknown[]) => values.map((value) => [value, value] as const)
const texts = [...same('a', "it's", '日本', '%', '\\'), ['a\0c', 'ac'] as const, [' b ', 'b'] as const]
const ids = ['00000000-0000-4000-8000-000000000001', '0b7b1a4e-8f5c-4d7e-9a51-3f2f6c1d2e3f', 'ffffffff-ffff-4fff-8fff-ffffffffffff']
const shop = { to: 'shops', nullable: true, values: [] } as const

const shapes: Shapes = {
  shops: {
    key: ['name'],
    fields: {
      name: { values: same('a', "it's", '日本', '%') },
      open: { values: [...same(true, false), ['off', false]], refused: 'maybe', initial: true },
      info: { values: same({ a: 1 }, [1, 'x', null], 5), initial: { n: [1] } },
      parent: { ...shop, onDelete: 'set null' },
    },
  },
  tags: { key: ['id'], fields: { id: { values: same(...ids) }, name: { values: texts, refused: '0123456789' } } },
  items: {
    key: ['id'],
    fields: {
      id: { values: [] },
      title: { values: texts, refused: 5, nullable: true },
      shop: { ...shop, onDelete: 'cascade' },
      serial: { values: [...same(0n, -5n, 2n ** 53n + 1n), ['9', 9n], [3, 3n]], refused: 2n ** 64n, nullable: true, unique: true },
      price: { values: [...same('2.50', '-0.05'), ['1234.5', '1234.50'], ['-0', '0.00']], refused: '1.234', initial: '1.00' },
      version: { values: same(1, 2, 3), refused: 1.5, initial: 1, onUpdate: 7 },
      rank: { values: [...same(0, 5), ['6', 6]], refused: 'x', initial: 5 },
    },
  },
  books: {
    key: ['id'],
    parent: 'items',
    fields: {
      id: { values: [] },
      mood: { values: same('bad', 'good'), refused: 'ugly', initial: 'good' },
      about: { ...shop, onDelete: 'set null' },
      day: { values: [...same('2024-02-29'), [new Date('1999-12-31T23:00:00Z'), '1999-12-31']], refused: '2023-02-29', nullable: true },
    },
  },
  pairs: {
    key: ['a', 'b'],
    fields: {
      a: { values: same(0, 1) },
      b: { values: same('a', 'ab') },
      n: { values: same(0, 1, -3), refused: 'x', initial: 0, onUpdate: 4 },
      shop: { ...shop, onDelete: 'cascade' },
    },
  },
  items_tags: {
    key: ['items_id', 'tags_id'],
    fields: {
      items_id: { values: [], to: 'items', onDelete: 'cascade' },
      tags_id: { values: [], to: 'tags', onDelete: 'cascade' },
    },
  },
}

interface Play {
  readonly writes: RandomWrites
  readonly registry: ModelRegistry
  readonly below: Below
  /** What has been done, for messages. */
  readonly done: string[]
}

const undo = new RangeError('undo')

/** Some writes, and some transactions with more of them, of which half are rolled back. */
async function play(at: Play, steps: number, tx: Executor, depth = 0): Promise<void> {
  const { writes, registry, below, done } = at
  for (let step = 0; step < steps; step += 1) {
    if (depth > 2 || below(9) > 0) {
      const next = writes.next()
      if (next !== null) await take(at, next, tx, depth)
    } else {
      const isRolledBack = below(2) === 0
      done.push(`${depth + 1} {`)
      writes.world.begin()
      const work = registry.transaction(async (inner) => {
        await play(at, below(9), inner, depth + 1)
        if (isRolledBack) throw undo
      })
      if (isRolledBack) await expect(work).rejects.toBe(undo)
      else await work
      writes.world.end(isRolledBack)
      done.push(`} ${isRolledBack ? 'undone' : 'kept'}`)
    }
    await compare(at, tx)
  }
}

async function take({ writes: { world }, registry, done }: Play, step: Step, tx: Executor, depth: number): Promise<void> {
  const refusal = refusalOf(() => step.change(world.rows.copy()))
  done.push(`${step.text}${refusal === null ? '' : `, refused: ${refusal}`}`)
  // What fails in a transaction of PostgreSQL takes a savepoint with it, or all.
  const isAlone = depth > 0 && refusal === 'OFFLOOP_INTEGRITY'
  const work = isAlone ? registry.transaction(async (inner) => await step.run(inner)) : step.run(tx)
  const [result] = await Promise.allSettled([work])
  if (result.status === 'rejected' && refusal === null) throw result.reason
  if (refusal !== null) expect(result, step.text).toMatchObject({ status: 'rejected', reason: { code: refusal } })
  if (result.status === 'rejected') return
  const rows = world.rows.copy()
  const expected = step.change(rows, result.value)
  if (expected !== undefined) expect(result.value).toEqual(expected)
  step.settle?.(result.value)
  world.rows = rows
}

function refusalOf(change: () => unknown): string | null {
  try {
    change()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** The tables, and the instances that the program has, are as they are to be. */
async function compare({ writes: { world }, registry }: Play, tx: Executor): Promise<void> {
  for (const [name, { fields }] of Object.entries(shapes)) {
    const table = registry.metadata.tables.get(name)
    const rows = await tx.execute(table?.select() as never).fetchall()
    const columnOf = (field: string) => (field === 'title' ? 'item title' : field)
    const stored = rows.map((row) => Object.fromEntries(Object.keys(fields).map((field) => [field, (row as Values)[columnOf(field)]])))
    expect(stored.map(textOf).sort(), name).toEqual([...world.rows.of(name).values()].map(textOf).sort())
  }
  for (const live of world.lives) expect(valuesOf(live), live.table).toEqual(live.state.values)
  world.lives = world.lives.slice(-9)
}

function valuesOf({ instance, state }: Live): Values {
  const keyOrValue = (value: unknown) => (typeof value === 'object' && value !== null && 'pk' in value ? value.pk : value)
  return Object.fromEntries(Object.keys(state.values).map((name) => [name, keyOrValue(instance[name])]))
}

describeDatabases((fixture) => {
  test(`${rounds} sequences of writes leave the rows and the instances that they are to leave`, {
    timeout: 60_000 + rounds * 5_000,
  }, async () => {
    const engine = fixture.engine()
    const { registry, models } = shopModels(engine)
    await registry.createAll()
    for (let seed = 0; seed < rounds; seed += 1) {
      const below = random(seed)
      const writes = new RandomWrites(
        below,
        models as unknown as Readonly<Record<string, AnyModel>>,
        new LiveInstances(new StoredRows(shapes)),
      )
      const done: string[] = []
      try {
        await play({ writes, registry, below, done }, stepsPerRound, engine)
      } catch (error) {
        throw new Error(`Seed ${seed}:\n${done.join('\n')}`, { cause: error })
      }
      for (const table of ['items_tags', 'pairs', 'books', 'items', 'tags']) await engine.execute(`delete from ${table}`)
      await engine.execute('update shops set parent = null')
      await engine.execute('delete from shops')
    }
  })
})
