import { integer, ModelRegistry, string, text } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'

const texts = ['100%', '100x', 'a_b', 'aXb', 'C:\\temp', 'C:temp', '\\%', "it's", '[a]', 'ÄÖ', 'äö', '*', '?', '\\', 'x\\_y', 'Straße']

describeDatabases((fixture) => {
  async function notes() {
    const models = new ModelRegistry(fixture.engine())
    class Note extends models.define('literal_notes', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 20 }),
      body: text({ allowNull: true }),
      count: integer({ default: 0 }),
    }) {}
    await models.createAll()
    await Note.objects.bulkCreate(texts.map((name) => ({ name })))
    return { models, Note }
  }

  test('no character of a text is a wildcard or an escape, in any operator', async () => {
    const { Note } = await notes()
    for (const part of ['%', '_', '\\', '[', '*', '?', "'", '\\%', '\\_', 'a_', '_b', '0%', ':\\', '%%', '']) {
      const operators: Readonly<Record<string, (name: string) => boolean>> = {
        contains: (name) => name.includes(part),
        startswith: (name) => name.startsWith(part),
        endswith: (name) => name.endsWith(part),
        exact: (name) => name === part,
      }
      for (const [operator, matches] of Object.entries(operators)) {
        const expected = texts.filter(matches)
        for (const form of [operator, `i${operator}`]) {
          const found = await Note.objects
            .filter({ [`name__${form}`]: part } as { name: string })
            .orderBy('id')
            .values('name')
          expect({ part, form, found: found.map((row) => row['name']) }).toEqual({ part, form, found: expected })
        }
      }
      if (part !== '') {
        const found = await Note.objects.search(part).orderBy('id').values('name')
        expect({ part, found: found.map((row) => row['name']) }).toEqual({ part, found: texts.filter((name) => name.includes(part)) })
      }
    }
  })

  test('the operators with i do not look at capitals, the others do', async () => {
    const { Note } = await notes()
    const names = async (lookups: object) =>
      (
        await Note.objects
          .filter(lookups as { name: string })
          .orderBy('id')
          .values('name')
      ).map(({ name }) => name)
    expect(await names({ name__iexact: 'AXB' })).toEqual(['aXb'])
    expect(await names({ name__contains: 'xb' })).toEqual([])
    expect(await names({ name__icontains: 'xb' })).toEqual(['aXb'])
    expect(await names({ name__istartswith: 'c:' })).toEqual(['C:\\temp', 'C:temp'])
    expect(await names({ name__startswith: 'c:' })).toEqual([])
    expect(await names({ name__iendswith: 'TEMP' })).toEqual(['C:\\temp', 'C:temp'])
    expect(await names({ name__endswith: 'TEMP' })).toEqual([])
  })

  test('search() looks into all fields that are texts and into no others; without any, it narrows nothing', async () => {
    const { models, Note } = await notes()
    class Count extends models.define('literal_numbers', { id: integer({ primaryKey: true }), count: integer() }) {}
    await models.createAll()
    await Note.objects.create({ name: 'other', body: 'with TEMP in it', count: 7 })
    await Count.objects.create({ count: 7 })
    expect((await Note.objects.search('temp').orderBy('id')).map(({ name }) => name)).toEqual(['C:\\temp', 'C:temp', 'other'])
    expect(await Note.objects.search('7').count()).toBe(0)
    expect(await Note.objects.search('temp').filter({ count: 7 }).count()).toBe(1)
    expect(await Count.objects.search('x').count()).toBe(1)
  })
})
