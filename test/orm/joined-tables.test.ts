import { sql } from 'offloop'
import { foreignKey, integer, ModelRegistry, manyToMany, oneToOne, Session, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  async function staff() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Person extends models.define('staff', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 9 }),
      version: integer({ default: 1, onUpdate: 2 }),
    }) {}
    class Engineer extends Person.extend('staff_engineers', { language: string({ maxLength: 9, default: 'ts' }) }) {}
    class Lead extends Engineer.extend('staff_leads', {
      team: integer({ serverDefault: sql`5` }),
      note: string({ maxLength: 9, allowNull: true }),
    }) {}
    await models.createAll()
    const rows = async () => {
      const count = async (table: string) => Number(await engine.scalar(`select count(*) from ${table}`))
      return [await count('staff'), await count('staff_engineers'), await count('staff_leads')]
    }
    return { engine, models, Person, Engineer, Lead, db: new Session(engine), rows }
  }

  test('a session adds, finds, updates and deletes rows of all tables of a model', async () => {
    const { db, Person, Engineer, Lead, rows } = await staff()
    const [person, engineer, lead] = [new Person({ name: 'p' }), new Engineer({ name: 'e' }), new Lead({ name: 'l', language: 'c' })]
    await db.add(person, engineer, lead)
    expect(lead.toObject()).toEqual({ id: 3, name: 'l', version: 1, language: 'c', team: 5, note: null })
    expect(await rows()).toEqual([3, 2, 1])
    expect((await db.query(Lead).get(lead.pk))?.equals(lead)).toBe(true)
    expect(await db.query(Lead).get(engineer.pk)).toBeNull()
    expect((await db.query(Engineer).orderBy('name')).map(({ name, language }) => [name, language])).toEqual([
      ['e', 'ts'],
      ['l', 'c'],
    ])
    Object.assign(lead, { name: 'L', language: 'go', note: 'x' })
    await db.update(lead)
    expect(lead.version).toBe(2)
    expect((await db.query(Lead).one()).equals(lead)).toBe(true)
    await db.delete(engineer)
    expect(await rows()).toEqual([2, 1, 1])
    expect(await db.query(Lead).filterBy({ name: 'L', note: 'x' }).delete()).toBe(1)
    expect(await rows()).toEqual([1, 0, 0])
    expect(await db.query(Person).one()).toMatchObject({ name: 'p' })
  })

  test('the key of joined tables may be of several fields', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    const key = { hall: string({ primaryKey: true, maxLength: 9, column: 'in_hall' }), place: integer({ primaryKey: true }) }
    class Seat extends models.define('seats', { ...key, price: integer({ default: 1 }) }) {}
    class Box extends Seat.extend('boxes', { doors: integer({ default: 1 }) }) {}
    await models.createAll()
    const rows = async () => [await Seat.objects.count(), await Box.objects.count()]
    const [first] = await Box.objects.bulkCreate([1, 2, 3].map((place) => ({ hall: 'A', place })))
    await first?.update({ price: 7, doors: 7 })
    expect(await Box.objects.filter({ place__gt: 1 }).update({ price: 8, doors: 8 })).toBe(2)
    const boxes = await Box.objects.orderBy('place')
    expect(boxes.map(({ price, doors }) => [price, doors])).toEqual([1, 2, 3].map((place) => (place === 1 ? [7, 7] : [8, 8])))
    for (const box of boxes) Object.assign(box, { price: box.place, doors: -box.place })
    expect(await Box.objects.bulkUpdate(boxes, ['price', 'doors'])).toBe(3)
    const changed = await Box.objects.update({ price: 9 }, { whereList: [Box.c.doors.lt(-1)], fetch: true })
    expect(changed.map(({ place, price, doors }) => [place, price, doors])).toEqual([2, 3].map((place) => [place, 9, -place]))
    expect(await first?.delete()).toBe(1)
    expect(await Box.objects.filter({ doors: -2 }).delete()).toBe(1)
    expect(await rows()).toEqual([1, 1])
    expect(await Seat.objects.filter({ hall: 'A', place: 3 }).delete()).toBe(1)
    expect(await rows()).toEqual([0, 0])
    expect(await rejectionOf(engine.execute(`insert into boxes (in_hall, place, doors) values ('B', 1, 1)`))).toMatchObject({
      code: 'OFFLOOP_INTEGRITY',
    })
  })

  test('the key of joined tables may be a relation: the row of the child goes with that of its parent', async () => {
    const { engine, models, Person } = await staff()
    class Office extends models.define('offices', {
      person: oneToOne(() => Person, { primaryKey: true }),
      floor: integer({ default: 1 }),
    }) {}
    class Lab extends Office.extend('labs', { benches: integer({ default: 1 }) }) {}
    await models.createAll()
    const person = await Person.objects.create({ name: 'p' })
    const lab = await Lab.objects.create({ person, floor: 2, benches: 3 })
    await lab.update({ floor: 4, benches: 5 })
    expect(await Lab.objects.get({ person })).toMatchObject({ floor: 4, benches: 5 })
    expect(await Office.objects.filter({ person }).delete()).toBe(1)
    expect(await engine.scalar('select count(*) from labs')).toBe(0)
  })

  test('bulkUpdate changes no half of a row whose other half is gone', async () => {
    const { engine, Person, Lead } = await staff()
    const [first, second] = await Lead.objects.bulkCreate([{ name: 'a' }, { name: 'b' }])
    const leads = [first as NonNullable<typeof first>, second as NonNullable<typeof second>]
    await engine.execute('delete from staff_leads where id = 1')
    for (const lead of leads) Object.assign(lead, { name: 'x', language: 'c' })
    expect(await Lead.objects.bulkUpdate(leads, ['name'])).toBe(1)
    expect(await Lead.objects.bulkUpdate(leads, ['name', 'language'])).toBe(1)
    expect((await Person.objects.orderBy('id')).map(({ name }) => name)).toEqual(['a', 'x'])
    expect(await engine.execute('select language from staff_engineers order by id').scalars()).toEqual(['ts', 'c'])
  })

  test('a half of a row is never left behind', async () => {
    const { db, Lead, Person, rows } = await staff()
    await db.add(new Lead({ name: 'l' }))
    expect(await rejectionOf(db.add(new Lead({ name: 'x', team: 'y' } as never)))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
    expect(await rejectionOf(db.add(new Lead({ name: 'x', id: 1 })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(await rejectionOf(Lead.objects.bulkCreate([{ name: 'x' }, { name: 'y', pk: 1 }]))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(await rows()).toEqual([1, 1, 1])
    // Whoever deletes the parent's row deletes those of the children.
    expect(await (await Person.objects.get({ pk: 1 })).delete()).toBe(1)
    expect(await rows()).toEqual([0, 0, 0])
  })

  test('query sets filter, order, limit and change by fields of all tables', async () => {
    const { Lead, Person, rows } = await staff()
    await Lead.objects.bulkCreate(['a', 'b', 'c'].map((name, index) => ({ name, language: `l${index}`, team: index })))
    await Person.objects.create({ name: 'p' })
    expect(await Lead.objects.filter({ name__in: ['a', 'b'], language: 'l1', team__gte: 1 }).values('name', 'team')).toEqual([
      { name: 'b', team: 1 },
    ])
    expect(await Lead.objects.orderBy('-language').limit(2).update({ name: 'x', language: 'y', team: 9 })).toBe(2)
    expect(await Lead.objects.orderBy('id').values('name', 'language', 'team', 'version')).toEqual([
      { name: 'a', language: 'l0', team: 0, version: 1 },
      { name: 'x', language: 'y', team: 9, version: 2 },
      { name: 'x', language: 'y', team: 9, version: 2 },
    ])
    expect(await Lead.objects.search('L0').count()).toBe(1)
    expect(await Lead.objects.sum('version')).toBe(5)
    expect(await Lead.objects.orderBy('name').limit(1).delete()).toBe(1)
    expect(await rows()).toEqual([3, 2, 2])
    expect(await Lead.objects.limit(0).delete()).toBe(0)
    expect(await Lead.objects.delete()).toBe(2)
    expect(await rows()).toEqual([1, 0, 0])
  })

  test('bulkUpdate, getOrCreate and updateOrCreate write to all tables', async () => {
    const { Lead } = await staff()
    const leads = await Lead.objects.bulkCreate(['a', 'b'].map((name) => ({ name })))
    for (const lead of leads) Object.assign(lead, { name: `${lead.name}2`, language: 'c', team: 7 })
    expect(await Lead.objects.bulkUpdate(leads, ['name', 'language', 'team'])).toBe(2)
    expect(await Lead.objects.orderBy('id').values('name', 'language', 'team', 'version')).toEqual([
      { name: 'a2', language: 'c', team: 7, version: 2 },
      { name: 'b2', language: 'c', team: 7, version: 2 },
    ])
    const [same, created] = await Lead.objects.updateOrCreate({ name: 'a2' }, { team: 8, language: 'd' })
    expect([same.pk, same.team, created]).toEqual([leads[0]?.pk, 8, false])
    const [made] = await Lead.objects.getOrCreate({ name: 'n' }, { note: 'x' })
    expect(await Lead.objects.get({ note: 'x' })).toMatchObject({ id: made.pk, name: 'n', team: 5 })
  })

  test('expressions name columns of all tables, in each kind of query', async () => {
    const { Lead, rows } = await staff()
    const { c } = Lead
    await Lead.objects.bulkCreate(['a', 'b', 'c'].map((name, index) => ({ name, language: `l${index}`, team: index })))
    const base = Lead.objects.where([c.name.ne('a'), c.language.in(['l1', 'l2']), c.team.gt(0)])
    expect([await base.count(), await base.exists(), await base.sum('team'), (await base.all()).length]).toEqual([2, true, 3, 2])
    expect(await base.orderBy(c.name.desc()).values('id')).toEqual([{ id: 3 }, { id: 2 }])
    expect(await Lead.objects.exclude(c.name.eq('a')).only('team').orderBy(c.version.asc(), c.name.desc()).first()).toMatchObject({
      team: 2,
    })
    expect(await base.orderBy(c.name.desc()).limit(1).update({ note: 'x' })).toBe(1)
    expect(await Lead.objects.update({ name: 'z' }, { whereList: [c.name.eq('c')], fetch: true })).toMatchObject([{ id: 3, name: 'z' }])
    expect(await Lead.objects.count({ whereList: [c.name.eq('z'), c.note.eq('x')] })).toBe(1)
    expect(await Lead.objects.delete([c.name.eq('z')])).toBe(1)
    expect(await rows()).toEqual([2, 2, 2])
  })

  test('relations to a joined model, and from it, are those of all its tables', async () => {
    const { engine, models, Person, Lead } = await staff()
    class Desk extends models.define('desks', {
      id: integer({ primaryKey: true }),
      lead: foreignKey(() => Lead, { relatedName: 'desks', onDelete: 'cascade' }),
      guest: foreignKey(() => Person, { relatedName: 'visits', allowNull: true }),
    }) {}
    await models.createAll()
    const lead = await Lead.objects.create({ name: 'l' })
    const desk = await Desk.objects.create({ lead, guest: lead })
    expect(await Desk.objects.filter({ lead__name: 'l', lead__team: 5, guest__name: 'l' }).count()).toBe(1)
    const read = await Desk.objects.selectRelated('lead', 'guest').get()
    expect([read.lead.name, read.lead.team, read.guest?.name]).toEqual(['l', 5, 'l'])
    expect(await Lead.objects.filter({ desks__id: desk.id, visits__id: desk.id } as never).count()).toBe(1)
    await desk.update({ guest: null })
    await lead.delete()
    expect(await engine.scalar('select count(*) from desks')).toBe(0)
  })

  test('the rows of a many-to-many relation are those of each model that has it', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Skill extends models.define('skills', { id: integer({ primaryKey: true }), name: string({ maxLength: 9 }) }) {}
    class Person extends models.define('skilled', { id: integer({ primaryKey: true }), skills: manyToMany(() => Skill) }) {}
    class Engineer extends Person.extend('skilled_engineers', { language: string({ maxLength: 9 }) }) {}
    await models.createAll()
    const [sql, tea] = await Skill.objects.bulkCreate([{ name: 'sql' }, { name: 'tea' }])
    const [engineer, person] = [await Engineer.objects.create({ language: 'ts' }), await Person.objects.create({})]
    await engineer.skills.add(sql as Skill)
    await person.skills.add(tea as Skill)
    const names = async (one: Person) => (await one.skills).map(({ name }) => name)
    expect([await names(engineer), await names(person), await names(await Person.objects.get({ pk: engineer.id }))]).toEqual([
      ['sql'],
      ['tea'],
      ['sql'],
    ])
  })

  test('an update of a row that one of the tables has lost matches nothing', async () => {
    const { engine, db, Lead } = await staff()
    const lead = new Lead({ name: 'l' })
    await db.add(lead)
    await engine.execute('delete from staff_leads')
    expect(await rejectionOf(lead.update({ name: 'x' }))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect([lead.name, await engine.scalar('select name from staff')]).toEqual(['l', 'l'])
  })
})
