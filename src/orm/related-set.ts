import { OnConflictNode } from 'kysely'
import { ArgumentError, InvalidRequestError } from '../errors.ts'
import { InsertStatement } from '../schema/insert-statement.ts'
import type { Executor } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import { type Clause, clauseOf, termOf } from './clause.ts'
import { createEntities } from './create-entities.ts'
import { checkOf, type Entity, type ModelDefinition, type Through } from './definition.ts'
import { keyChunks } from './key-chunks.ts'
import { distinctKeys, identityOf } from './key-identity.ts'
import type { Step } from './lookup.ts'
import type { ManagedModel } from './manager.ts'
import { Stateful } from './model-state.ts'
import { executorOf } from './query-runner.ts'
import { type Conditional, type LookupsOf, QuerySet } from './query-set.ts'
import { initialState } from './query-state.ts'
import type { CreateInput, KeyOf, RelatedMarker, RelatedOf, SimpleLookups, Values } from './types.ts'

/** A step to many rows. */
export type ManyStep = Step & { readonly kind: 'reverse' | 'many' }

/** A row of a many-to-many relation: an instance of the other model, or its key. */
export type RelatedRow<M extends ManagedModel> = (Values<M['$fields']> & { readonly pk: unknown }) | KeyOf<M['$fields']>

/**
 * The rows that a relation leads to from one instance: a query set of them, to which rows can be added. Declared in a model as
 * `declare readonly tracks: RelatedSet<typeof Track>`.
 */
export class RelatedSet<M extends ManagedModel> extends QuerySet<M['$fields'], M['prototype'], RelatedOf<M>> implements RelatedMarker<M> {
  /** Only for the compiler. */
  declare readonly $related: M
  readonly #owner: Entity
  readonly #step: ManyStep

  /** @throws {InvalidRequestError} the instance has not been created */
  constructor(owner: Entity, step: ManyStep, ownerKey: unknown) {
    if (ownerKey === undefined || ownerKey === null)
      throw new InvalidRequestError(`${String(owner)} has not been created: it has no ${step.name}.`)
    const { target } = step
    const state = initialState(target, target.models.classOf(target), Stateful.of(owner).executor)
    super({ ...state, clauses: [leadingBack(step, owner, ownerKey)] })
    this.#owner = owner
    this.#step = step
  }

  /** What has been read ahead by `prefetchRelated` needs no statement. */
  get #prefetched(): readonly Entity[] | undefined {
    return Stateful.of(this.#owner).prefetched?.get(this.#step.name)
  }

  override async all<const L extends SimpleLookups<M['$fields']>>(
    lookups?: LookupsOf<M['$fields'], RelatedOf<M>, L> | Conditional,
  ): Promise<M['prototype'][]> {
    const prefetched = this.#prefetched
    return lookups === undefined && prefetched !== undefined ? ([...prefetched] as M['prototype'][]) : await super.all(lookups)
  }

  override async *[Symbol.asyncIterator](): AsyncGenerator<M['prototype']> {
    const prefetched = this.#prefetched
    if (prefetched === undefined) yield* super[Symbol.asyncIterator]()
    else yield* prefetched as M['prototype'][]
  }

  /** Creates a row of the relation. */
  async create(values: Partial<CreateInput<M['$fields']>>): Promise<M['prototype']> {
    const { target } = this.#step
    const executor = this.#executor()
    const step = this.#step
    const given = step.kind === 'reverse' ? { ...values, [step.field.name]: this.#owner } : values
    const create = async (through: Executor) => {
      const creation = {
        definition: target,
        entity: target.models.classOf(target),
        executor: through,
        bound: Stateful.of(this.#owner).executor,
      }
      const [created] = await createEntities(creation, [given])
      if (step.kind === 'many')
        await linkRows(step.through, { own: this.#ownerKey(), others: [(created as Entity)['pk']], executor: through })
      return created as M['prototype']
    }
    this.#forget()
    return step.kind === 'many' ? await executor.transaction(create) : await create(executor)
  }

  /**
   * Many-to-many: adds these rows, instances or keys; what is there already stays.
   *
   * @throws {ArgumentError} one is neither an instance of the other model nor a key of it
   * @throws {InvalidRequestError} one has not been created
   */
  async add(...others: readonly RelatedRow<M>[]): Promise<void> {
    await this.#change('add', others, async (tx, through, keys) => {
      const present = await linkedKeys(through, this.#ownerKey(), tx)
      await linkRows(through, { own: this.#ownerKey(), others: keysWithout(keys, present), executor: tx })
    })
  }

  /** Many-to-many: takes these rows out. They are not deleted. */
  async remove(...others: readonly RelatedRow<M>[]): Promise<void> {
    await this.#change('remove', others, (tx, through, keys) => unlinkRows(through, { own: this.#ownerKey(), others: keys, executor: tx }))
  }

  /** Many-to-many: these rows, and no others. */
  async set(others: readonly RelatedRow<M>[]): Promise<void> {
    await this.#change('set', others, async (tx, through, keys) => {
      const present = await linkedKeys(through, this.#ownerKey(), tx)
      await unlinkRows(through, { own: this.#ownerKey(), others: keysWithout(present, keys), executor: tx })
      await linkRows(through, { own: this.#ownerKey(), others: keysWithout(keys, present), executor: tx })
    })
  }

  async #change(
    method: string,
    others: readonly unknown[],
    change: (tx: Executor, through: Through, keys: readonly unknown[]) => Promise<void>,
  ): Promise<void> {
    const step = this.#step
    if (step.kind !== 'many')
      throw new InvalidRequestError(`${method}() is for many-to-many relations: set the foreign key of the other row.`)
    const keys = distinctKeys(others.map((other) => keyOf(step.target, other)))
    this.#forget()
    await this.#executor().transaction(async (tx) => await change(tx, step.through, keys))
  }

  #executor(): Executor {
    const { executor } = Stateful.of(this.#owner)
    return executorOf({ executor, definition: this.#step.target })
  }

  #ownerKey(): unknown {
    return this.#owner['pk']
  }

  #forget(): void {
    Stateful.of(this.#owner).prefetched?.delete(this.#step.name)
  }
}

/** The key of a row of that model, as it is stored. */
function keyOf(target: ModelDefinition, other: unknown): unknown {
  const isInstance = other instanceof target.models.classOf(target)
  const key = isInstance ? (other as Entity)['pk'] : other
  if (isInstance && (key === undefined || key === null))
    throw new InvalidRequestError('A row of a many-to-many relation must have been created.')
  const isOther = other instanceof Stateful && !isInstance
  const checked = isOther || key === undefined || key === null ? null : checkOf(target.keyField)(key)
  if (checked === null || checked.fault !== undefined) {
    const found = other instanceof Stateful ? String(other) : describeValue(other)
    throw new ArgumentError(`A row of a many-to-many relation is a ${target.name} or its key, found ${found}.`)
  }
  return checked.value
}

function keysWithout(keys: readonly unknown[], others: readonly unknown[]): readonly unknown[] {
  const left = new Set(others.map(identityOf))
  return keys.filter((key) => !left.has(identityOf(key)))
}

/** What holds of the rows that the relation leads to from that row. */
function leadingBack(step: ManyStep, owner: Entity, key: unknown): Clause {
  if (step.kind === 'reverse') return clauseOf(step.target, { [step.field.name]: key })
  const { table, own, other } = step.through
  const definition = Stateful.definitionOf(owner)
  const back: Step = { kind: 'many', name: 'owner', through: { table, own: other, other: own, definition }, target: definition }
  // A model that extends the relation's leads back to a table of its own.
  const text = `(${table.name}.${own} of ${definition.tableName})`
  const lookup = { text, steps: [back], field: definition.keyField, operator: 'exact' } as const
  return { kind: 'terms', terms: [termOf(lookup, key)] }
}

interface Linking {
  readonly own: unknown
  readonly others: readonly unknown[]
  readonly executor: Executor
}

/** What another task has linked in the meantime stays too. In one order: two that link the same rows do not wait for each other. */
async function linkRows({ table, own, other }: Through, { own: key, others, executor }: Linking): Promise<void> {
  if (others.length === 0) return
  const onConflict = OnConflictNode.cloneWith(OnConflictNode.create(), { doNothing: true })
  const insert = new InsertStatement(table, { ...table.insert().toOperationNode(), onConflict })
  await executor.executeMany(
    insert,
    [...others].sort().map((otherKey) => ({ [own]: key, [other]: otherKey })),
  )
}

async function unlinkRows({ table, own, other }: Through, { own: key, others, executor }: Linking): Promise<void> {
  for (const chunk of keyChunks(others)) {
    await executor.execute(
      table
        .delete()
        .where(table.column(own).eq(key as never))
        .where(table.column(other).in(chunk as never)),
    )
  }
}

async function linkedKeys({ table, own, other }: Through, key: unknown, executor: Executor): Promise<unknown[]> {
  const query = table
    .select(table.column(own).eq(key as never))
    .clearSelect()
    .select([other])
  const rows = (await executor.execute(query, [], { rowMode: 'array' }).fetchall()) as unknown as unknown[][]
  return rows.map(([found]) => found)
}
