import { clauseOf } from './clause.ts'
import { type Entity, keyOf, type ModelDefinition } from './definition.ts'
import { keyChunks } from './key-chunks.ts'
import { distinctKeys, identityOf } from './key-identity.ts'
import { parseRelationPath, type Step } from './lookup.ts'
import { keepRelated, Stateful } from './model-state.ts'
import { executorOf, readAll, readValues } from './query-runner.ts'
import { initialState, type QueryState } from './query-state.ts'

/** Reads the relations of these instances ahead: one statement each, two for many-to-many, whatever their number. */
export async function prefetchInto(state: QueryState, entities: readonly Entity[]): Promise<void> {
  // What one path has read, another one that begins alike goes on from: read anew, it would be other instances.
  const read = new Map<string, readonly Entity[]>()
  for (const path of state.prefetch) {
    let from: readonly Entity[] = entities
    let model = state.definition
    let prefix = ''
    for (const step of parseRelationPath(model, path)) {
      prefix = `${prefix}__${step.name}`
      from = read.get(prefix) ?? (await prefetchStep(step, from, { definition: model, executor: state.executor }))
      read.set(prefix, from)
      model = step.target
    }
  }
}

/** For how many rows of an iteration relations are read ahead at a time. */
const iteratedRows = 1_000

/** The rows of an iteration with these relations, in bounded memory. */
export async function* prefetchEach(state: QueryState, entities: AsyncIterable<Entity>): AsyncGenerator<Entity> {
  let part: Entity[] = []
  for await (const entity of entities) {
    part.push(entity)
    if (part.length < iteratedRows) continue
    await prefetchInto(state, part)
    yield* part
    part = []
  }
  await prefetchInto(state, part)
  yield* part
}

type Origin = Pick<QueryState, 'definition' | 'executor'>

async function prefetchStep(step: Step, entities: readonly Entity[], origin: Origin): Promise<readonly Entity[]> {
  if (entities.length === 0) return []
  if (step.kind === 'forward') return await prefetchForward(step, entities, origin)
  if (step.kind === 'reverse') return await prefetchReverse(step, entities, origin)
  return await prefetchMany(step, entities, origin)
}

/** The rows of a model whose field has one of these values. */
async function rowsWhere(definition: ModelDefinition, lookup: string, keys: readonly unknown[], origin: Origin): Promise<Entity[]> {
  const found: Entity[] = []
  for (const chunk of keyChunks(distinctKeys(keys))) {
    const state = initialState(definition, definition.models.classOf(definition), origin.executor)
    const order = definition.keyFields.map(({ name }) => ({ path: name, descending: false }))
    found.push(...(await readAll({ ...state, order, clauses: [clauseOf(definition, { [lookup]: chunk })] })))
  }
  return found
}

/**
 * Keys that are spelled otherwise than those of the rows that they lead to, and these: a collation of MySQL takes 'ab' for 'AB', and which it
 * takes for one another only the database knows.
 */
async function storedKeys(
  definition: ModelDefinition,
  spelled: Iterable<unknown>,
  known: ReadonlySet<unknown>,
  { executor }: Origin,
): Promise<ReadonlyMap<unknown, unknown>> {
  const stored = new Map<unknown, unknown>()
  const state = initialState(definition, definition.models.classOf(definition), executor)
  if (executorOf(state).dialect.name !== 'mysql') return stored
  const { name } = definition.keyField
  for (const key of new Set(spelled)) {
    if (known.has(key) || typeof key !== 'string') continue
    const [row] = await readValues({ ...state, clauses: [clauseOf(definition, { [name]: key })] }, [name])
    if (row !== undefined) stored.set(key, row[name])
  }
  return stored
}

async function prefetchForward(
  step: Step & { readonly kind: 'forward' },
  entities: readonly Entity[],
  origin: Origin,
): Promise<readonly Entity[]> {
  const { target, name } = step
  const sparse = entities.filter((entity) => entity[name] !== null && Stateful.of(entity[name] as object).missing !== null)
  const keys = sparse.map((entity) => keyOf(entity[name] as Entity, target))
  const rows = await rowsWhere(target, `${target.keyField.name}__in`, keys, origin)
  const found = new Map(rows.map((row) => [identityOf(keyOf(row, target)), row]))
  const stored = await storedKeys(target, keys, new Set(found.keys()), origin)
  for (const [index, entity] of sparse.entries()) {
    const key = identityOf(keys[index])
    entity[name] = found.get(stored.get(key) ?? key) ?? entity[name]
  }
  return [...new Set(entities.flatMap((entity) => (entity[name] === null ? [] : [entity[name] as Entity])))]
}

async function prefetchReverse(
  step: Step & { readonly kind: 'reverse' },
  entities: readonly Entity[],
  origin: Origin,
): Promise<readonly Entity[]> {
  const { definition } = origin
  const keys = entities.map((entity) => keyOf(entity, definition))
  const rows = await rowsWhere(step.target, `${step.field.name}__in`, keys, origin)
  const keyOfRow = (row: Entity) => keyOf(row[step.field.name] as Entity, definition)
  const stored = await storedKeys(definition, rows.map(keyOfRow), new Set(keys), origin)
  const byKey = Map.groupBy(rows, (row) => stored.get(keyOfRow(row)) ?? identityOf(keyOfRow(row)))
  for (const entity of entities) keepRelated(entity, step.name, byKey.get(identityOf(keyOf(entity, definition))) ?? [])
  return rows
}

async function prefetchMany(
  step: Step & { readonly kind: 'many' },
  entities: readonly Entity[],
  origin: Origin,
): Promise<readonly Entity[]> {
  const { definition } = origin
  const { target, through } = step
  const links: (readonly [unknown, unknown])[] = []
  const keys = entities.map((entity) => keyOf(entity, definition))
  for (const chunk of keyChunks(keys)) {
    const own = through.table.column(through.own)
    const query = through.table
      .select(own.in(chunk as never))
      .clearSelect()
      .select([through.own, through.other])
    const executor = executorOf({ executor: origin.executor, definition })
    links.push(...((await executor.execute(query, [], { rowMode: 'array' }).fetchall()) as unknown as (readonly [unknown, unknown])[]))
  }
  const rows = await rowsWhere(
    target,
    `${target.keyField.name}__in`,
    links.map(([, other]) => other),
    origin,
  )
  const byKey = new Map(rows.map((row) => [identityOf(keyOf(row, target)), row]))
  const storedOthers = await storedKeys(
    target,
    links.map(([, other]) => other),
    new Set(byKey.keys()),
    origin,
  )
  const storedOwn = await storedKeys(
    definition,
    links.map(([own]) => own),
    new Set(keys),
    origin,
  )
  const linked = Map.groupBy(links, ([own]) => storedOwn.get(own) ?? identityOf(own))
  for (const entity of entities) {
    const others = (linked.get(identityOf(keyOf(entity, definition))) ?? []).flatMap(([, other]): readonly Entity[] => {
      const row = byKey.get(storedOthers.get(other) ?? identityOf(other))
      return row === undefined ? [] : [row]
    })
    keepRelated(entity, step.name, others)
  }
  return rows
}
