import { kysely } from 'offloop/kysely'
import { and, type ConditionLike, createTable, dateTime, integer, json, MetaData, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets } from '../../conformance/targets.ts'

describeTargets((fixture) => {
  test('the columns of a Table are conditions of Kysely, with values of their types', async () => {
    const engine = fixture.engine()
    const users = new Table('users', new MetaData(), {
      id: integer({ primaryKey: true }),
      name: string(20),
      born: dateTime(),
      data: json(),
    })
    await engine.execute(createTable(users))
    await engine.execute(
      users.insert().values([
        { name: 'Dan', born: new Date(0), data: { a: 1 } },
        { name: 'dora', born: new Date(86_400_000), data: { a: 2 } },
      ]),
    )
    const db = kysely<{ users: { id: number; name: string } }>(engine)
    const namesWhere = async (condition: ConditionLike) =>
      (await db.selectFrom('users').select('name').where(condition).orderBy('id').execute()).map(({ name }) => name)
    expect(await namesWhere(users.c.name.startsWith('D'))).toEqual(['Dan'])
    expect(await namesWhere(users.c.name.ilike('D%'))).toEqual(['Dan', 'dora'])
    expect(await namesWhere(users.c.born.gt(new Date(1)))).toEqual(['dora'])
    expect(await namesWhere(and(users.c.data.path('a').eq(1), users.c.id.lt(9)))).toEqual(['Dan'])
    await db.destroy()
  })
})
