import { type AsyncEngine, DataError, IntegrityError, InvalidRequestError, sql } from 'offloop'
import { importData } from 'offloop/data'
import { bigInteger, blob, boolean, date, dateTime, integer, json, MetaData, numeric, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { badFiles } from './bad-files.ts'
import { tableOption } from './table-option.ts'

async function createPeople(engine: AsyncEngine) {
  const metadata = new MetaData()
  const team = new Table('team', metadata, { id: integer({ primaryKey: true }) })
  const person = new Table('person', metadata, {
    id: integer({ primaryKey: true }),
    name: string(20, { nullable: false, unique: true }),
    loud: string(20, { generated: { as: sql`upper(name)`, stored: true } }),
    team_id: integer({ references: 'team.id' }),
    boss_id: integer({ references: 'person.id' }),
    pay: numeric(10, 2),
    big: bigInteger(),
    born: date(),
    seen: dateTime(),
    live: boolean(),
    extra: json(),
    photo: blob(),
  })
  await metadata.createAll(engine)
  await engine.execute(team.insert().values({ id: 1 }))
  await engine.execute(person.insert().values({ id: 1, name: 'Ada' }))
  return person
}

describeDialects((fixture) => {
  test('a bad file is refused by its line, and nothing of it is stored', async () => {
    const engine = fixture.engine()
    const person = await createPeople(engine)
    const stored = await engine.execute(person.select()).fetchall()
    const wrong: unknown[] = []
    for (const { title, format, source, message, on } of badFiles) {
      if (on?.includes(engine.dialect.name) === false) continue
      const table = tableOption(format, 'person')
      const refusal = await rejectionOf(importData(engine, source, { format, ...table }))
      const isKnown = [DataError, IntegrityError, InvalidRequestError].some((known) => refusal.constructor === known)
      if (!isKnown || !message.test(refusal.message)) wrong.push({ format, title, found: `${refusal.name}: ${refusal.message}` })
      expect(await engine.execute(person.select()).fetchall(), `${format}: ${title}`).toEqual(stored)
    }
    expect(wrong).toEqual([])
  })
})
