import type { AsyncEngine, Dialect } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { type AnyTable, MetaData } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets } from '../conformance/targets.ts'
import { definitionOf } from '../schema/definition.ts'
import { SchemaMaker } from '../schema/random-schema.ts'
import { Folder } from './folder.ts'

/** How many changes on each database: `npm run soak:migrations` makes it 100. */
const rounds = Number(process.env['OFFLOOP_TEST_SCHEMA_CHANGES'] ?? 6)

describeTargets((fixture) => {
  test(`${rounds} schemas become each other, and nothing is left to do`, { timeout: 30_000 + rounds * 10_000 }, async () => {
    const engine = fixture.engine()
    const migrations = new Migrations(engine, { directory: new Folder().path })
    for (let seed = 0; seed < rounds; seed += 1) {
      const wanted = new SchemaMaker(seed, engine.dialect).make()
      const { statements } = await migrations.autogenerate(wanted)
      const script = `seed ${seed}:\n${statements.join(';\n')}`
      await expect(migrations.up(), script).resolves.toHaveLength(1)
      expect((await migrations.autogenerate(wanted)).statements, script).toEqual([])
      expect(await definitionsIn(engine), script).toEqual(definitions(wanted, engine.dialect))
    }
  })
})

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
