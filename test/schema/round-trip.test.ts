import type { Dialect } from 'offloop'
import { type AnyTable, MetaData } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'
import { definitionOf } from './definition.ts'
import { SchemaMaker } from './random-schema.ts'

/** How many schemas on each database: `npm run soak:schemas` makes it 200. */
const rounds = Number(process.env['OFFLOOP_TEST_SCHEMAS'] ?? 40)

function definitions(metadata: { readonly tables: ReadonlyMap<string, AnyTable> }, dialect: Dialect): readonly object[] {
  return [...metadata.tables.values()]
    .map((table) => definitionOf(table, dialect))
    .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
}

describeDatabases((fixture) => {
  test(`${rounds} schemas are reflected as they were defined, and created again from that`, {
    timeout: 30_000 + rounds * 5_000,
  }, async () => {
    const engine = fixture.engine()
    for (let seed = 0; seed < rounds; seed += 1) {
      const defined = new SchemaMaker(seed, engine.dialect).make()
      await defined.createAll(engine, { checkFirst: false })
      const reflected = new MetaData()
      await reflected.reflect(engine)
      expect(definitions(reflected, engine.dialect), `seed ${seed}`).toEqual(definitions(defined, engine.dialect))
      await reflected.dropAll(engine)
      expect(await engine.tableNames(), `seed ${seed}`).toEqual([])
      await reflected.createAll(engine)
      const again = new MetaData()
      await again.reflect(engine)
      expect(definitions(again, engine.dialect), `seed ${seed}, again`).toEqual(definitions(reflected, engine.dialect))
      await again.dropAll(engine)
    }
  })
})
