import { type AsyncEngine, sql } from 'offloop'
import { dateTime, decimal, integer, json, ModelRegistry, max, Q, string, sum } from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { musicModels, withMusic } from './music.ts'

const past = new Date('2001-02-03T04:05:06Z')

function plainModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Row extends models.define('stamped_rows', {
    id: integer({ primaryKey: true }),
    name: string({ maxLength: 5 }),
    note: string({ maxLength: 5, allowNull: true }),
    created: dateTime({ autoNowAdd: true }),
    changed: dateTime({ autoNow: true }),
    version: integer({ default: 1, onUpdate: 2 }),
    editor: string({ maxLength: 5, allowNull: true, onUpdate: () => 'me' }),
  }) {}
  class Empty extends models.define('empty_rows', {
    id: integer({ primaryKey: true }),
    count: integer({ serverDefault: sql`5` }),
  }) {}
  class Amount extends models.define('amount_rows', {
    id: integer({ primaryKey: true }),
    wide: decimal({ maxDigits: 30, decimalPlaces: 2 }),
  }) {}
  let serial = 0
  class Document extends models.define('document_rows', {
    id: integer({ primaryKey: true }),
    name: string({ maxLength: 5 }),
    serial: integer({ default: 0, onUpdate: () => ++serial }),
    body: json({ default: {}, onUpdate: { list: [] } }),
  }) {}
  return { models, Row, Empty, Amount, Document }
}

interface Models {
  readonly music: ReturnType<typeof musicModels>
  readonly plain: ReturnType<typeof plainModels>
}

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<Models>({
    music: async ({ engine }, use) => await use(musicModels(engine)),
    plain: async ({ engine }, use) => await use(plainModels(engine)),
  })

  test.beforeAll(async ({ database }) => {
    await withMusic(database.engine)
    const { models, Row } = plainModels(database.engine)
    await models.createAll()
    await Row.objects.bulkCreate(['a', 'b', 'c'].map((name) => ({ name, created: past, changed: past })))
  })

  test('autoNow and onUpdate are stored by each kind of update, and autoNowAdd by none', async ({ plain: { Row } }) => {
    const rows = await Row.objects.orderBy('id')
    const [first, second, third] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
    await first.update({ name: 'x' })
    expect([first.version, first.editor]).toEqual([2, 'me'])
    expect(first.changed.getTime()).toBeGreaterThan(past.getTime())
    expect(await Row.objects.filter({ pk: second.pk as number }).update({ name: 'y' })).toBe(1)
    third.name = 'z'
    await third.save()
    expect([third.version, third.editor]).toEqual([2, 'me'])
    const stored = await Row.objects.orderBy('id')
    expect(stored.map(({ name, version, editor }) => [name, version, editor])).toEqual([
      ['x', 2, 'me'],
      ['y', 2, 'me'],
      ['z', 2, 'me'],
    ])
    for (const row of stored) {
      expect(row.changed.getTime()).toBeGreaterThan(past.getTime())
      expect(row.created).toEqual(past)
    }
    expect(third.equals(stored[2])).toBe(true)
  })

  test('a list of numbers of more digits than a double has means these numbers, and none beside them', async ({ plain: { Amount } }) => {
    const [first, second] = ['100000000000000000.01', '100000000000000000.02'] as const
    await Amount.objects.bulkCreate([first, second, '1.00'].map((wide) => ({ wide })))
    expect(await Amount.objects.filter({ wide__in: [first, '1'] }).count()).toBe(2)
    expect(await Amount.objects.filter({ wide__notin: [first, '1'] }).count()).toBe(1)
    expect(await Amount.objects.filter({ wide__in: [second, '5'] }).update({ wide: '7' })).toBe(1)
    expect(await Amount.objects.filter({ wide__in: [first, '1'] }).delete()).toBe(2)
    expect((await Amount.objects.all()).map(({ wide }) => wide)).toEqual(['7.00'])
  })

  test('numbers of more digits than a double has are compared and ordered digit by digit', async ({ plain: { Amount } }) => {
    const sorted = [
      '-100000000000000000.02',
      '-100000000000000000.01',
      '-2.00',
      '9.00',
      '10.00',
      '100000000000000000.01',
      '100000000000000000.02',
    ]
    await Amount.objects.bulkCreate([3, 6, 0, 4, 2, 5, 1].map((index) => ({ wide: sorted[index] as string })))
    const found = async (lookups: object) =>
      (await Amount.objects.filter(lookups as { wide: string }).orderBy('wide')).map(({ wide }) => wide)
    expect(await found({})).toEqual(sorted)
    expect((await Amount.objects.orderBy('-wide')).map(({ wide }) => wide)).toEqual(sorted.toReversed())
    for (const [index, wide] of sorted.entries()) {
      expect(await found({ wide__lt: wide })).toEqual(sorted.slice(0, index))
      expect(await found({ wide__lte: wide })).toEqual(sorted.slice(0, index + 1))
      expect(await found({ wide__gt: wide })).toEqual(sorted.slice(index + 1))
      expect(await found({ wide__gte: wide })).toEqual(sorted.slice(index))
      expect(await found({ wide__range: [wide, wide] })).toEqual([wide])
    }
    const groups = Amount.objects.groupBy('wide').aggregate({ most: max('wide'), total: sum('wide') })
    const [top] = await groups.having({ most__gt: '100000000000000000.01' }).orderBy('-most')
    expect(top).toMatchObject({ most: '100000000000000000.02' })
    expect(await groups.having({ total__range: ['8', '10.5'] }).orderBy('total')).toMatchObject([{ wide: '9.00' }, { wide: '10.00' }])
    expect(await Amount.objects.filter({ wide__range: ['9', '100000000000000000.01'] }).delete()).toBe(3)
  })

  test('autoNow and onUpdate are stored by bulkUpdate, and are on the instances then', async ({ plain: { Row } }) => {
    const rows = await Row.objects.orderBy('id')
    for (const row of rows) row.note = row.name
    expect(await Row.objects.bulkUpdate(rows, ['note'])).toBe(3)
    const stored = await Row.objects.orderBy('id')
    expect(stored.map(({ note, version, editor }) => [note, version, editor])).toEqual([
      ['a', 2, 'me'],
      ['b', 2, 'me'],
      ['c', 2, 'me'],
    ])
    for (const [index, row] of stored.entries()) {
      expect(row.changed.getTime()).toBeGreaterThan(past.getTime())
      expect(rows[index]?.equals(row)).toBe(true)
    }
  })

  test('bulkUpdate asks for what it sets for each row, and takes SQL in the place of a value', async ({ plain: { Document } }) => {
    const rows = await Document.objects.bulkCreate([{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    for (const row of rows) row.name = sql`upper(name)` as never
    expect(await Document.objects.bulkUpdate(rows, ['name'])).toBe(3)
    const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]]
    expect(() => first.name).toThrow('has not been read')
    expect(new Set(rows.map(({ serial }) => serial)).size).toBe(3)
    ;(first.body as { readonly list: number[] }).list.push(1)
    expect(second.body).toEqual({ list: [] })
    const stored = await Document.objects.orderBy('id')
    expect(stored.map(({ name, body }) => [name, body])).toEqual(['A', 'B', 'C'].map((name) => [name, { list: [] }]))
    expect(stored.map(({ serial }) => serial)).toEqual(rows.map(({ serial }) => serial))
  })

  test('a value that is given wins over autoNow and onUpdate', async ({ plain: { Row } }) => {
    await Row.objects.filter({ name: 'a' }).update({ changed: past, version: 7, editor: null })
    expect(await Row.objects.get({ name: 'a' })).toMatchObject({ changed: past, version: 7, editor: null })
  })

  test('update counts the rows that match, whether or not they change', async ({ music: { Track } }) => {
    expect(await Track.objects.filter({ album: 1 }).update({ position: 4 })).toBe(3)
    expect(await Track.objects.filter({ album: 1 }).update({ position: 4 })).toBe(3)
    const track = await Track.objects.get({ pk: 1 })
    await track.update({ position: 4 })
    await track.save()
    expect(await Track.objects.bulkUpdate([track], ['position'])).toBe(1)
    expect(await Track.objects.filter({ pk: 99 }).update({ position: 4 })).toBe(0)
  })

  test('update without a filter is all rows, and without values none', async ({ music: { Track, Tag } }) => {
    expect(await Track.objects.offset(0).update({ note: 'x' })).toBe(6)
    expect(await Track.objects.filter({ pk: 1 }).update({})).toBe(0)
    expect(await Track.objects.filter({ note: 'x' }).count()).toBe(6)
    expect(await Tag.objects.limit(5).update({ name: 'x' })).toBe(0)
    expect(await rejectionOf(Track.objects.filter({ pk: 1 }).update({ pk: null } as never))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
  })

  test('limit, offset and order are kept by update and delete, across relations too', async ({ music: { Track } }) => {
    expect(await Track.objects.limit(0).update({ note: 'x' })).toBe(0)
    expect(await Track.objects.limit(0).delete()).toBe(0)
    expect(await Track.objects.orderBy('title').offset(4).update({ note: 'late' })).toBe(2)
    expect(await Track.objects.filter({ note: 'late' }).orderBy('title').values('title')).toEqual([
      { title: 'The Bird' },
      { title: 'The Waters' },
    ])
    expect(await Track.objects.orderBy('-album__name', '-position').filter({ album__isnull: false }).limit(1).delete()).toBe(1)
    expect(await Track.objects.exists({ title: 'The Waters' })).toBe(false)
    expect(await Track.objects.filter({ album__artist__name: 'Metric' }).orderBy('id').offset(1).limit(5).delete()).toBe(1)
    expect(await Track.objects.orderBy('id').values('id')).toEqual([{ id: 1 }, { id: 2 }, { id: 4 }, { id: 6 }])
  })

  test('no lookups are no filter: delete() refuses them', async ({ music: { Track } }) => {
    for (const set of [Track.objects.filter({}), Track.objects.where([]), Track.objects.filter({}, {})]) {
      expect(await rejectionOf(set.delete())).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
      expect(await set.count()).toBe(6)
    }
    expect(await Track.objects.where([Track.c.position.eq(9)]).delete()).toBe(1)
  })

  test('SQL may stand in the place of a value', async ({ music: { Track } }) => {
    expect(await Track.objects.filter({ album: 1 }).update({ position: sql`position * 10` as never })).toBe(3)
    expect((await Track.objects.filter({ album: 1 }).orderBy('id').values('position')).map(({ position }) => position)).toEqual([
      10, 20, 30,
    ])
  })

  test('where() takes expressions, one or a list, and is a filter like others', async ({ music: { Track } }) => {
    const { c } = Track
    expect(await Track.objects.where(c.position.eq(1)).count()).toBe(2)
    expect(await Track.objects.where([c.position.eq(1), c.title.startsWith('The')]).count()).toBe(1)
    expect(await Track.objects.where([]).count()).toBe(6)
    expect(
      await Track.objects
        .filter({ album: 1 })
        .where([c.position.gt(1)])
        .exclude(c.position.eq(3))
        .values('id'),
    ).toEqual([{ id: 2 }])
    expect(await Track.objects.where(Q.or(c.position.eq(3), c.position.eq(9))).count()).toBe(2)
    expect(() => Track.objects.where(undefined as never)).toThrow(TypeError)
    expect(() => Track.objects.where([null] as never)).toThrow(TypeError)
  })

  test('first, get, getOrNone and exists stay within the limit of their set', async ({ music: { Track } }) => {
    const none = Track.objects.limit(0)
    expect([await none.first(), await none.last(), await none.getOrNone(), await none.exists()]).toEqual([null, null, null, false])
    expect(await rejectionOf(none.get())).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect(await none.values()).toEqual([])
    expect(await none.sum('position')).toBeNull()
    expect(await Track.objects.orderBy('id').limit(1).get()).toMatchObject({ id: 1 })
    expect(await Track.objects.orderBy('-id').limit(1).get({ position: 1 })).toMatchObject({ id: 4 })
    expect(await rejectionOf(Track.objects.limit(2).get())).toMatchObject({ code: 'OFFLOOP_MULTIPLE_MATCHES' })
    expect(await Track.objects.orderBy('id').offset(5).get()).toMatchObject({ id: 6 })
    expect(await Track.objects.orderBy('id').offset(6).exists()).toBe(false)
    expect(await Track.objects.orderBy('id').limit(3).last()).toMatchObject({ id: 3 })
    for await (const _row of none) throw new Error('There is a row.')
  })

  test('an order replaces the one before it', async ({ music: { Track } }) => {
    expect(await Track.objects.orderBy('title').orderBy('-id').limit(2).values('id')).toEqual([{ id: 6 }, { id: 5 }])
    expect(await Track.objects.orderBy('position', '-id').limit(2).values('id')).toEqual([{ id: 4 }, { id: 1 }])
  })

  test('getOrCreate and updateOrCreate of several rows are refused, and change nothing', async ({ music: { Track } }) => {
    expect(await rejectionOf(Track.objects.getOrCreate({ position: 1 }, { title: 'x' }))).toMatchObject({
      code: 'OFFLOOP_MULTIPLE_MATCHES',
    })
    expect(await rejectionOf(Track.objects.updateOrCreate({ position: 1 }, { title: 'x' }))).toMatchObject({
      code: 'OFFLOOP_MULTIPLE_MATCHES',
    })
    expect(await Track.objects.filter({ title: 'x' }).count()).toBe(0)
    expect(await Track.objects.count()).toBe(6)
    const [made, created] = await Track.objects.updateOrCreate({ title: 'x', position: 2 }, { position: 3, album: 2 })
    expect([made.position, made.album?.pk, created]).toEqual([3, 2, true])
    const [same, again] = await Track.objects.updateOrCreate({ title: 'x' }, { position: 4 })
    expect([same.pk, same.position, again]).toEqual([made.pk, 4, false])
  })

  test('bulkCreate of rows without a value stores each of them', async ({ plain: { Empty } }) => {
    const rows = await Empty.objects.bulkCreate([{}, {}, { count: 6 }, {}])
    expect(rows.map(({ id, count }) => [id, count])).toEqual([
      [1, 5],
      [2, 5],
      [3, 6],
      [4, 5],
    ])
    expect(await Empty.objects.orderBy('id').values('id', 'count')).toEqual(rows.map((row) => row.toObject()))
  })

  test('bulkCreate of which one row is refused stores none', async ({ music: { Tag } }) => {
    await Tag.objects.create({ name: 'b' })
    expect(await rejectionOf(Tag.objects.bulkCreate([{ name: 'a' }, { name: 'b' }]))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(await rejectionOf(Tag.objects.bulkCreate([{ name: 'a' }, { name: '' }]))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
    expect(await Tag.objects.values('name')).toEqual([{ name: 'b' }])
    expect(await rejectionOf(Tag.objects.bulkCreate({ name: 'a' } as never))).toBeInstanceOf(TypeError)
  })
})
