import { IntegrityError } from 'offloop'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from './targets.ts'

describeTargets((db) => {
  const checked = 'age integer, constraint grown check (age >= 18)'

  test.each([
    ['unique', "insert into people (id, name) values (2, 'a')"],
    ['unique', "insert into people (id, name) values (1, 'b')"],
    ['unique', "update people set name = 'a' where id = 3"],
    ['notNull', 'insert into people (id) values (4)'],
    ['notNull', 'update people set name = null'],
    ['check', "insert into people (id, name, age) values (5, 'e', 17)"],
    ['foreignKey', 'insert into pets values (2, 99)'],
    ['foreignKey', 'delete from people where id = 1'],
    ['foreignKey', 'delete from towns'],
  ])('%s is what %s violates', async (kind, statement) => {
    const engine = db.engine()
    await engine.execute('create table towns (id integer not null primary key)')
    await engine.execute(
      `create table people (id integer not null primary key, name varchar(20) not null unique, town integer references towns(id) on delete restrict, ${checked}${
        db.can.dialect === 'mysql' ? ', foreign key (town) references towns(id) on delete restrict' : ''
      })`,
    )
    await engine.execute('create table pets (id integer not null primary key, owner integer, foreign key (owner) references people(id))')
    await engine.execute('insert into towns values (1)')
    await engine.execute("insert into people (id, name, town) values (1, 'a', 1), (3, 'c', null)")
    await engine.execute('insert into pets values (1, 1)')
    const error = await rejectionOf(engine.execute(statement))
    expect(error).toBeInstanceOf(IntegrityError)
    expect((error as IntegrityError).kind).toBe(kind)
  })
})
