import { type AsyncEngine, createEngine } from 'offloop'
import { dateTime, foreignKey, integer, Manager, ModelRegistry, type RelatedSet, Session, string } from 'offloop/orm'
import { describe, expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

function notesModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)

  class User extends models.define('users', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {
    declare static readonly objects: Manager<typeof User>
    declare readonly notes_of: RelatedSet<typeof Note>
    declare readonly tasks_of: RelatedSet<typeof Task>
  }

  abstract class Timestamped extends models.abstract({ created: dateTime({ autoNowAdd: true }), rank: integer({ default: 1 }) }) {
    static kinds(): string {
      return `kinds of ${this.name}`
    }

    age(now: Date): number {
      return now.getTime() - this.created.getTime()
    }

    label(): string {
      return `#${this.rank}`
    }
  }

  abstract class Owned extends Timestamped.abstract({ owner: foreignKey(() => User, { relatedName: '{table}_of', allowNull: true }) }) {
    isOwned(): boolean {
      return this.owner !== null
    }
  }

  class Note extends Owned.define('notes', { id: integer({ primaryKey: true }), body: string({ maxLength: 50 }) }) {
    override label(): string {
      return `${super.label()} ${this.body}`
    }
  }

  class Task extends Owned.define('tasks', { id: integer({ primaryKey: true }), done: integer({ default: 0 }) }) {}

  class Finder extends Manager<never> {
    ranked(rank: number) {
      return this.filter({ rank } as never)
    }
  }
  class Found extends Timestamped.define('found', { id: integer({ primaryKey: true }) }, { manager: Finder }) {}

  return { models, User, Timestamped, Owned, Note, Task, Found }
}

describeDatabases((fixture) => {
  test('models of an abstract base have its fields, in tables of their own, and their instances its methods', async () => {
    const { models, User, Note, Task, Found, Timestamped } = notesModels(fixture.engine())
    await models.createAll()
    expect([...models.metadata.tables.keys()].sort()).toEqual(['found', 'notes', 'tasks', 'users'])
    const user = await User.objects.create({ name: 'u' })
    const note = await Note.objects.create({ body: 'x', owner: user, rank: 7 })
    expect(note.created).toBeInstanceOf(Date)
    expect(note).toBeInstanceOf(Note)
    expect(note).toBeInstanceOf(Timestamped)
    expect(note.age(new Date(note.created.getTime() + 5))).toBe(5)
    const read = await Note.objects.filter({ rank__gt: 5, owner__name: 'u' }).get()
    expect(read).toBeInstanceOf(Note)
    expect(read.label()).toBe('#7 x')
    expect(read.isOwned()).toBe(true)
    expect(Note.kinds()).toBe('kinds of Note')
    expect(Object.keys(Note.fields).sort()).toEqual(['body', 'created', 'id', 'owner', 'rank'])
    const task = new Task({ done: 1 })
    await task.save()
    expect(task.isOwned()).toBe(false)
    await task.update({ owner: user })
    expect(await Task.objects.orderBy('-rank').values('rank', 'owner', 'done')).toEqual([{ rank: 1, owner: user.id, done: 1 }])
    expect([await user.notes_of.count(), await user.tasks_of.count()]).toEqual([1, 1])
    expect(await User.objects.filter({ tasks_of__done: 1 }).count()).toBe(1)
    await (Found.objects as unknown as Manager<typeof Found>).create({ rank: 3 } as never)
    expect(
      await (Found.objects as unknown as InstanceType<typeof Manager> & { ranked(rank: number): { count(): Promise<number> } })
        .ranked(3)
        .count(),
    ).toBe(1)
    expect((await Note.objects.only('body').get()).body).toBe('x')
  })
})

describe('an abstract base', () => {
  const refusal = 'is abstract: it has no table, no objects and no instances'

  test('is refused where a model is expected', async () => {
    const engine = createEngine('sqlite://')
    const { models, Timestamped, Note } = notesModels(engine)
    const base = Timestamped as unknown as typeof Note
    const uses: readonly (() => unknown)[] = [
      () => base.objects,
      () => base.table,
      () => base.c,
      () => base.pkName,
      () => base.extend('more', { x: integer() }),
      () => new base(),
      () => new base({ rank: 1 } as never),
      () => new Manager(base),
      () => new Session(engine).query(base),
    ]
    for (const use of uses) expect(use).toThrow(`Timestamped ${refusal}`)
    expect(() => models.abstract({ a: integer() }).define('t', { x: integer() })).toThrow('has no key')
    class Stray extends models.define('strays', { id: integer({ primaryKey: true }), base: foreignKey(() => base) }) {}
    expect((await rejectionOf(() => Stray.objects.filter({ base: 1 } as never).all())).message).toContain(refusal)
    await engine.close()
  })

  test('takes no field twice, and no model is one', async () => {
    const engine = createEngine('sqlite://')
    const { models, Timestamped, Owned, Note } = notesModels(engine)
    expect(() => Timestamped.define('again', { id: integer({ primaryKey: true }), rank: integer() })).toThrow(
      'Timestamped has a field "rank" already',
    )
    expect(() => Owned.abstract({ created: dateTime() })).toThrow('Owned has a field "created" already')
    expect(() => (Note as unknown as typeof Owned).define('sub', {})).toThrow('Note is a model, and no abstract base')
    expect(() => models.abstract(5 as never)).toThrow('takes fields by name')
    await engine.close()
  })

  test('whose relation has one way back for two models is refused by both their names', async () => {
    const engine = createEngine('sqlite://')
    const models = new ModelRegistry(engine)
    class User extends models.define('users', { id: integer({ primaryKey: true }) }) {}
    const owned = models.abstract({ owner: foreignKey(() => User, { relatedName: 'things' }) })
    owned.define('cars', { id: integer({ primaryKey: true }) })
    owned.define('boats', { id: integer({ primaryKey: true }) })
    expect(() => new User()).toThrow('Two relations have the way back "things", in tables "cars" and "boats"')
    await engine.close()
  })
})
