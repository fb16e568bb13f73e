import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'
import { withMusic } from './music.ts'

/** Bodies of requests, as JSON gives them, that pose as something else than values. */
const bodies: readonly string[] = [
  ...[
    '{"__proto__": {"admin": true}}',
    '{"constructor": {"prototype": {"admin": true}}}',
    '{"title": {"__proto__": {"x": 1}}}',
    '{"prototype": 1}',
  ],
  ...[
    '{"title": {"$ne": null}}',
    '{"title": {"$gt": ""}}',
    '{"title": {"$regex": ".*"}}',
    '{"$where": "1=1"}',
    '{"$or": [{"id": 1}]}',
    '{"or": [{"id": 1}]}',
  ],
  ...[
    '{"title": {"strings": ["1=1"], "values": []}}',
    '{"title": {"sql": "1=1", "values": []}}',
    '{"title": {"kind": "RawNode", "sqlFragments": ["1"], "parameters": []}}',
  ],
  ...[
    '{"toOperationNode": {}}',
    '{"toOperationNode": "x"}',
    '{"title": {"toOperationNode": "x"}}',
    '{"compile": "x"}',
    '{"expressionType": 1}',
  ],
  ...[
    '{"title": ["a", "b"]}',
    '{"title": []}',
    '{"title": {}}',
    '{"title": true}',
    '{"title": 5}',
    '{"position": "1 or 1=1"}',
    '{"position": "1"}',
    '{"position": [1]}',
  ],
  ...[
    '{"position": {"gt": 0}}',
    '{"pk": {"id": 1}}',
    '{"pk": "1 or 1=1"}',
    '{"id": "1; drop table tracks"}',
    '{"album": {"pk": 1}}',
    '{"album": {"id": 1}}',
    '{"album": [1]}',
  ],
  ...[
    '{"title__contains": ["%"]}',
    '{"title__in": "abc"}',
    '{"title__in": {"length": 1}}',
    '{"title__isnull": "true"}',
    '{"position__range": "12"}',
    '{"title) or (1=1": "x"}',
  ],
  ...[
    '{"title\\" or 1=1 --": "x"}',
    '{"album__artist__name__iexact__x": "y"}',
    '{"": 1}',
    '{"__": 1}',
    '{"title__": "x"}',
    '{"hasOwnProperty": 1}',
    '[]',
    '"title"',
    'null',
    '5',
  ],
]

describeDatabases((fixture) => {
  test(`${bodies.length} hostile bodies as filter, create and update input are refused, and change nothing`, async () => {
    const { Track } = await withMusic(fixture.engine())
    const taken: string[] = []
    const before = Object.getOwnPropertyNames(Object.prototype)
    const titles = await Track.objects.orderBy('id').values('title')
    for (const body of bodies) {
      const input = JSON.parse(body) as never
      const uses: Readonly<Record<string, () => Promise<unknown>>> = {
        filter: async () => await Track.objects.filter(input).all(),
        exclude: async () => await Track.objects.exclude(input).all(),
        create: async () => await Track.objects.create(input),
        update: async () => await Track.objects.filter({ pk: 1 }).update(input),
        instance: async () => await (await Track.objects.get({ pk: 1 })).update(input),
      }
      for (const [name, use] of Object.entries(uses)) {
        const outcome = await use().then(
          (value) => value,
          (error: unknown) => error,
        )
        // A number as a text is one, as forms send it; no lookups at all are no condition, and no values no change.
        if (!(outcome instanceof Error)) taken.push(`${name} ${body}`)
      }
      expect((await Track.objects.filter({ title__in: titles.map(({ title }) => title as string) }).count()) >= 5, body).toBe(true)
    }
    expect(taken).toEqual(['update {"position": "1"}', 'instance {"position": "1"}'])
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
    expect(
      await Track.objects
        .filter({ pk__in: [2, 3, 4, 5, 6] })
        .orderBy('id')
        .values('title'),
    ).toEqual(titles.slice(1))
  })
})
