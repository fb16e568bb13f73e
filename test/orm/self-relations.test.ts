import { createEngine } from 'offloop'
import { foreignKey, integer, type Manager, ModelRegistry, manyToMany, oneToOne, type RelatedSet, string } from 'offloop/orm'
import { expectTypeOf, test } from 'vitest'

const models = new ModelRegistry(createEngine('sqlite://'))

abstract class Ranked extends models.abstract({ rank: integer({ default: 1 }) }) {}

class Artist extends models.define('artists', { id: integer({ primaryKey: true }), name: string({ maxLength: 50 }) }) {}

class Topic extends models.define('topics', {
  code: string({ maxLength: 10, primaryKey: true }),
  parent: foreignKey('topics', { allowNull: true, relatedName: 'children' }),
  twin: oneToOne('topics', { allowNull: true }),
  related: manyToMany('topics', { relatedName: 'relatedFrom' }),
  folder: foreignKey('folders', { allowNull: true }),
  labels: manyToMany('labels'),
}) {
  declare static readonly objects: Manager<typeof Topic>
  declare readonly children: RelatedSet<typeof Topic>
  declare parent: Topic | null
}

class Lead extends Artist.extend('leads', { salary: integer(), boss: foreignKey('leads', { allowNull: true }) }) {}
class Step extends Ranked.define('steps', { id: integer({ primaryKey: true }), next: foreignKey('steps', { allowNull: true }) }) {}

/** Never called: it is there for the compiler. */
async function relationsToThemselves(): Promise<void> {
  const root = await Topic.objects.create({ code: 'root' })
  const topic = await Topic.objects.create({ code: 'a', parent: root, twin: 'root', folder: 7 })
  await Topic.objects.create({ code: 'b', parent: 'a' })
  await topic.update({ parent: 'root' })
  await topic.related.add(root, 'b')
  expectTypeOf(topic.parent).toEqualTypeOf<Topic | null>()
  topic.parent = root
  expectTypeOf(topic.twin?.code).toEqualTypeOf<string | undefined>()
  expectTypeOf((await topic.related)[0]?.code).toEqualTypeOf<string | undefined>()
  expectTypeOf((await topic.children)[0]).toEqualTypeOf<Topic | undefined>()
  Topic.objects.filter({
    parent: 'root',
    parent__parent__code__icontains: 'x',
    related__code: 'b',
    related__in: ['a'],
    children__code: 'b',
  })
  Topic.objects
    .filter({ parent__in: ['a', root], folder__parent: 1, folder__name__icontains: 'x' })
    .orderBy('-parent__code', 'parent__parent__code')
  Topic.objects.selectRelated('parent', 'parent__twin').prefetchRelated('related__parent', 'children__children')
  const [row] = await Topic.objects.values('parent__code', 'parent__parent')
  expectTypeOf(row).toEqualTypeOf<{ parent__code: string | null; parent__parent: string | null } | undefined>()
  const lead = await Lead.objects.filter({ boss__boss__salary__gt: 5 }).selectRelated('boss__boss').get()
  expectTypeOf(lead.boss?.salary).toEqualTypeOf<number | undefined>()
  await Lead.objects.filter({ boss: lead }).update({ boss: 5 })
  const step = await Step.objects.get({ next__rank__lt: 5, next__next: 4 })
  expectTypeOf(step.next?.rank).toEqualTypeOf<number | undefined>()

  // @ts-expect-error a key is a text
  Topic.objects.create({ code: 'a', parent: 5 })
  // @ts-expect-error no such field
  Topic.objects.filter({ parent__cod: 'x' })
  // @ts-expect-error a text is no number
  Topic.objects.filter({ parent__code: 5 })
  // @ts-expect-error no such field
  Topic.objects.orderBy('parent__cod')
  // @ts-expect-error a key is a text
  topic.related.add(5)
  // @ts-expect-error no such relation
  Topic.objects.selectRelated('parnt')
  // @ts-expect-error a text is no number
  Lead.objects.filter({ boss__salary: 'x' })
  // @ts-expect-error no such field
  Step.objects.filter({ next__rnk: 5 })
}

test('the compiler knows a model that refers to itself by the name of its table', () => {
  expectTypeOf(relationsToThemselves).returns.resolves.toBeVoid()
})
