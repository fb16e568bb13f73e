import * as schema from 'offloop/schema'
import { MetaData, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../conformance/targets.ts'
import { become, open } from './towards-metadata.ts'

const { integer, string } = schema

type Columns = ConstructorParameters<typeof Table>[2]

/** A MetaData whose table `t` has a key and these columns. */
function holding(columns: Columns): MetaData {
  const metadata = new MetaData()
  new Table('t', metadata, { id: integer({ primaryKey: true }), ...columns })
  return metadata
}

describeTargets((fixture) => {
  const { dialect } = fixture.can

  test.skipIf(dialect === 'sqlite')('a text that is too long for its new type fails the migration, and is kept', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ s: string(10) }))
    await engine.execute("insert into t (id, s) values (1, 'abcdefghij')")
    await migrations.autogenerate(holding({ s: string(3) }))
    expect(await rejectionOf(migrations.up())).toMatchObject({ code: 'OFFLOOP_MIGRATION' })
    expect(await engine.scalar('select s from t')).toBe('abcdefghij')
  })
})
