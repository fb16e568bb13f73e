import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { AsyncEngine, Dialect } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { type AnyTable, type Column, MetaData, type Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets } from '../conformance/targets.ts'
import { definitionOf } from '../schema/definition.ts'
import { SchemaMaker } from '../schema/random-schema.ts'
import { Folder } from './folder.ts'

/** How many changes on each database: `npm run soak:migrations` makes it 100. */
const rounds = Number(process.env['OFFLOOP_TEST_SCHEMA_CHANGES'] ?? 6)
const timeout = 30_000 + rounds * 20_000

describeTargets((fixture) => {
  test(`${rounds} schemas become each other, and what they were before, and nothing is left to do`, { timeout }, async () => {
    const there = new Place(fixture.engine())
    for (let seed = 0; seed < rounds; seed += 1) await there.become(new SchemaMaker(seed, there.dialect).make(), `seed ${seed}`)
  })

  test(`${rounds} schemas become each other, and what they were before, with the rows that both have a place for`, {
    timeout,
  }, async () => {
    const there = new Place(fixture.engine())
    for (let seed = 0; seed < rounds; seed += 1) {
      const wanted = new SchemaMaker(seed, there.dialect, { optional: true }).make()
      await there.become(wanted, `seed ${seed}`, await there.fill(wanted))
    }
  })
})

/** What is to be in a table, whatever becomes of it. */
interface Kept {
  readonly table: string
  readonly row: Readonly<Record<string, unknown>>
}

/** A database that becomes one schema after another. */
class Place {
  readonly #engine: AsyncEngine
  readonly #folder = new Folder()
  readonly #migrations: Migrations
  #schema = new MetaData()

  constructor(engine: AsyncEngine) {
    this.#engine = engine
    this.#migrations = new Migrations(engine, { directory: this.#folder.path })
  }

  get dialect(): Dialect {
    return this.#engine.dialect
  }

  /** Goes up to what is wanted, down to what was there, and up again. */
  async become(wanted: MetaData, seed: string, kept: readonly Kept[] = []): Promise<void> {
    const { path, statements, down } = await this.#migrations.autogenerate(wanted)
    const script = `${seed}:\n${statements.join(';\n')};\n-- down\n${down.join(';\n')}`
    await expect(this.#migrations.up(), script).resolves.toHaveLength(1)
    await this.#isWhole(wanted, script, kept)
    if (path === null) throw new Error('expected a file')
    await expect(this.#migrations.down(), script).resolves.toHaveLength(1)
    const [file, text] = [basename(path), readFileSync(path, 'utf8')]
    // What is pending would have to be applied before anything is generated.
    this.#folder.remove(file)
    await this.#isWhole(this.#schema, script, kept)
    this.#folder.write(file, text)
    await expect(this.#migrations.up(), script).resolves.toHaveLength(1)
    await this.#isWhole(wanted, script, kept)
    this.#schema = wanted
  }

  async #isWhole(expected: MetaData, script: string, kept: readonly Kept[]): Promise<void> {
    expect((await this.#migrations.autogenerate(expected)).statements, script).toEqual([])
    expect(await definitionsIn(this.#engine), script).toEqual(definitions(expected, this.dialect))
    for (const { table, row } of kept) expect(await this.#rowOf(expected.tables.get(table), Object.keys(row)), script).toEqual(row)
  }

  /** A row in each table that is also wanted, with the same key: it has values in the columns that stay as they are. */
  async fill(wanted: MetaData): Promise<readonly Kept[]> {
    const kept: Kept[] = []
    for (const table of this.#schema.tables.values()) await this.#engine.execute((table as Table).delete())
    for (const table of this.#schema.tables.values()) {
      const other = wanted.tables.get(table.key)
      if (other?.primaryKey?.columns.join() !== table.primaryKey?.columns.join()) continue
      const staying = table.columns.filter((column) =>
        isSame(
          column,
          other?.columns.find(({ name }) => name === column.name),
          this.dialect,
        ),
      )
      const values = Object.fromEntries(staying.map(({ name, type }) => [name, name.startsWith('fk') ? null : samples[type.kind]]))
      const others = table.columns.filter((column) => !staying.includes(column)).map(({ name }) => [name, null])
      await this.#engine.execute((table as Table).insert().values({ ...values, ...Object.fromEntries(others) }))
      kept.push({ table: table.key, row: await this.#rowOf(table, Object.keys(values)) })
    }
    return kept
  }

  async #rowOf(table: AnyTable | undefined, names: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const row: Readonly<Record<string, unknown>> = await this.#engine.execute((table as Table).select()).one()
    return Object.fromEntries(names.map((name) => [name, row[name]]))
  }
}

function isSame({ type }: Column, other: Column | undefined, dialect: Dialect): boolean {
  return type.sqlType(dialect, false) === other?.type.sqlType(dialect, false) && type.kind === other.type.kind
}

const samples: Readonly<Record<string, unknown>> = {
  integer: 50,
  smallInteger: 50,
  bigInteger: 50n,
  float: 1.5,
  numeric: '1',
  boolean: true,
  string: 'x',
  text: "it's a text",
  date: '2026-01-02',
  time: '10:00:00',
  dateTime: new Date(0),
  json: { a: [1] },
  enumeration: 'a',
  uuid: '6f2b8a34-9f0e-4e0a-8b1c-0a1b2c3d4e5f',
  blob: Buffer.from('bytes'),
}

async function definitionsIn(engine: AsyncEngine): Promise<readonly object[]> {
  const reflected = new MetaData()
  await reflected.reflect(engine)
  return definitions(reflected, engine.dialect).filter((table) => !('name' in table) || table.name !== 'offloop_migrations')
}

/** The tables in the order of their names, and their columns too: a column that is added comes last. */
function definitions(metadata: { readonly tables: ReadonlyMap<string, AnyTable> }, dialect: Dialect): readonly object[] {
  return [...metadata.tables.values()]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((table) => {
      const definition = definitionOf(table, dialect) as { readonly columns: readonly { readonly name: string }[] }
      return { ...definition, columns: definition.columns.toSorted((one, other) => (one.name < other.name ? -1 : 1)) }
    })
}
