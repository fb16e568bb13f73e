import type { Executor } from 'offloop'
import { Session } from 'offloop/orm'
import { type Below, pick } from '../random-numbers.ts'
import type { Instance, Live, LiveInstances, LiveState } from './live-instances.ts'
import { type Chosen, counted, RandomValues } from './random-values.ts'
import { type FieldShape, Refusal, type StoredRows, textOf, type Values } from './stored-rows.ts'

interface RowSet {
  filter(lookups: object): RowSet
  orderBy(...names: string[]): RowSet
  limit(rows: number): RowSet
  update(values: object): Promise<number>
  delete(): Promise<number>
}

/** A model, as far as the tests go. */
export interface AnyModel {
  new (values: object): Instance
  readonly objects: RowSet & {
    create(values: object): Promise<Instance>
    bulkCreate(list: readonly object[]): Promise<Instance[]>
    bulkUpdate(instances: readonly Instance[], names: readonly string[]): Promise<number>
    getOrCreate(lookup: object, defaults: object): Promise<[Instance, boolean]>
    updateOrCreate(lookup: object, defaults: object): Promise<[Instance, boolean]>
  }
}

interface LinkSet {
  add(...others: unknown[]): Promise<void>
  remove(...others: unknown[]): Promise<void>
  set(others: unknown[]): Promise<void>
}

/** Something that writes. */
export interface Step {
  readonly text: string
  readonly run: (tx: Executor | null) => Promise<unknown>
  /** Makes the rows what they are to be then, and gives what `run` is to give, where that can be told. Before it has run, there is no result. */
  readonly change: (rows: StoredRows, result?: unknown) => unknown
  /** Makes the instances what they are to be then. */
  readonly settle?: (result: unknown) => void
}

/** Chooses what is written next, and knows what comes of it. */
export class RandomWrites {
  readonly world: LiveInstances
  readonly #below: Below
  readonly #values: RandomValues
  readonly #models: Readonly<Record<string, AnyModel>>
  #keys = 0

  constructor(below: Below, models: Readonly<Record<string, AnyModel>>, world: LiveInstances) {
    this.world = world
    this.#below = below
    this.#values = new RandomValues(below, world)
    this.#models = models
  }

  #model(table: string): AnyModel {
    return this.#models[table] as AnyModel
  }

  #anyTable(): string {
    return pick(this.#below, Object.keys(this.#models))
  }

  next(): Step | null {
    const steps = [
      ...[() => this.#create(), () => this.#create(), () => this.#bulkCreate(), () => this.#makeNew(), () => this.#findOrCreate()],
      ...[() => this.#assign(), () => this.#update(), () => this.#update(), () => this.#save(), () => this.#save(), () => this.#delete()],
      ...[() => this.#load(), () => this.#updateSet(), () => this.#updateSet(), () => this.#deleteSet(), () => this.#bulkUpdate()],
      ...[() => this.#link(), () => this.#link(), () => this.#inSession()],
    ]
    return pick(this.#below, steps)()
  }

  #withKey(table: string, { stored }: Chosen, made: unknown): Values {
    if (!counted(table)) return stored
    this.#keys -= 1
    return { ...stored, id: made === undefined ? this.#keys : (made as Instance).pk }
  }

  #live(table: string): Live | null {
    const found = this.world.lives.filter((live) => live.table === table || table === '')
    return found.length === 0 ? null : pick(this.#below, found)
  }

  /** The key of an instance. */
  #keyOf({ table, state }: Live): string {
    if (this.world.rows.shape(table).key.some((name) => state.values[name] === undefined)) throw new Refusal('OFFLOOP_INVALID_REQUEST')
    return this.world.rows.keyOf(table, state.values)
  }

  #named({ table, state }: Live): string {
    return `${table} ${textOf(this.world.rows.shape(table).key.map((name) => state.values[name]))}`
  }

  // What creates

  #insert(rows: StoredRows, table: string, chosen: Chosen, made: unknown): void {
    if (chosen.refused) throw new Refusal('OFFLOOP_VALIDATION')
    rows.insert(table, this.#withKey(table, chosen, made))
  }

  /** What was made by the mapper is, after a rollback, what the class makes of the same values. */
  #made(table: string, chosen: Chosen, instance: unknown): void {
    const live = this.world.add(table, instance as Instance, this.#fresh(table, chosen))
    this.world.become(live, { values: this.#withKey(table, chosen, instance), stored: true })
  }

  #fresh(table: string, { given, stored }: Chosen): LiveState {
    const { key } = this.world.rows.shape(table)
    const related = (name: string) => this.world.rows.fieldsOf(table)[name]?.to !== undefined || key.includes(name)
    const values = Object.fromEntries(Object.keys(given).map((name) => [name, related(name) ? stored[name] : given[name]]))
    return { values, stored: false, deleted: false }
  }

  #create(): Step {
    const table = this.#anyTable()
    const chosen = this.#values.newRow(table)
    return {
      text: `${table}.create(${textOf(chosen.stored)})`,
      run: () => this.#model(table).objects.create(chosen.given),
      change: (rows, made) => this.#insert(rows, table, chosen, made),
      settle: (made) => this.#made(table, chosen, made),
    }
  }

  #bulkCreate(): Step {
    const table = this.#anyTable()
    const list = Array.from({ length: this.#below(4) }, () => this.#values.newRow(table))
    return {
      text: `${table}.bulkCreate(${textOf(list.map(({ stored }) => stored))})`,
      run: () => this.#model(table).objects.bulkCreate(list.map(({ given }) => given)),
      change: (rows, made) => {
        if (list.some(({ refused }) => refused)) throw new Refusal('OFFLOOP_VALIDATION')
        for (const [index, chosen] of list.entries()) this.#insert(rows, table, chosen, (made as Instance[] | undefined)?.[index])
      },
      settle: (made) => {
        for (const [index, chosen] of list.entries()) this.#made(table, chosen, (made as Instance[])[index])
      },
    }
  }

  #makeNew(): Step {
    const table = this.#anyTable()
    const chosen = this.#values.newRow(table)
    const instance = new (this.#model(table))(chosen.given)
    const live = this.world.add(table, instance, this.#fresh(table, chosen))
    const saves = this.#values.chance(2)
    return {
      text: `new ${table}(${textOf(chosen.stored)})${saves ? '.save()' : ''}`,
      run: async () => (saves ? await instance.save() : instance),
      change: (rows, made) => (saves ? this.#insert(rows, table, chosen, made) : undefined),
      settle: () => (saves ? this.world.become(live, { values: this.#withKey(table, chosen, instance), stored: true }) : undefined),
    }
  }

  #findOrCreate(): Step {
    const table = this.#anyTable()
    const { key } = this.world.rows.shape(table)
    const looked = this.#values.of(table, counted(table) ? ['price', 'title'] : [...key])
    const others = Object.keys(this.world.rows.fieldsOf(table)).filter(
      (name) => !(name in looked.given) && name !== 'id' && !key.includes(name),
    )
    const defaults = this.#values.of(table, others)
    const refused = looked.refused || defaults.refused
    const both = { given: { ...looked.given, ...defaults.given }, stored: { ...looked.stored, ...defaults.stored }, refused }
    const isLookedFor = (row: Values) => Object.keys(looked.given).every((name) => textOf(row[name]) === textOf(looked.stored[name]))
    const found = looked.refused ? [] : this.world.rows.rows(table).filter(isLookedFor)
    const [updates, changes] = [this.#values.chance(2), this.#values.changes(table, defaults.stored)]
    return {
      text: `${table}.${updates ? 'updateOrCreate' : 'getOrCreate'}(${textOf(looked.stored)}, ${textOf(defaults.stored)})`,
      run: () => this.#model(table).objects[updates ? 'updateOrCreate' : 'getOrCreate'](looked.given, defaults.given),
      change: (rows, made) => {
        if (looked.refused) throw new Refusal('OFFLOOP_VALIDATION')
        if (found.length > 1) throw new Refusal('OFFLOOP_MULTIPLE_MATCHES')
        const [row] = found
        if (row === undefined) return this.#insert(rows, table, both, (made as unknown[] | undefined)?.[0])
        if (updates && defaults.refused) throw new Refusal('OFFLOOP_VALIDATION')
        if (updates) rows.update(table, [rows.keyOf(table, row)], changes)
      },
      settle: (made) => {
        const [instance] = made as [Instance]
        const [row] = found
        if (row === undefined) return this.#made(table, both, instance)
        const live = this.world.add(table, instance, { values: row, stored: true, deleted: false })
        if (updates) this.world.become(live, { values: { ...row, ...changes } })
      },
    }
  }

  // What changes instances

  #assign(): Step | null {
    const live = this.#live('')
    const [name] = live === null ? [] : this.#values.names(live.table, 3)
    if (live === null || name === undefined) return null
    const { given, stored } = this.#values.of(live.table, [name])
    const isRelated = this.world.rows.fieldsOf(live.table)[name]?.to !== undefined
    live.instance[name] = given[name]
    live.state = { ...live.state, values: { ...live.state.values, [name]: isRelated ? stored[name] : given[name] } }
    return { text: `${this.#named(live)}.${name} = ${textOf(stored[name])}`, run: async () => {}, change: () => {} }
  }

  /** An update of an instance, as far as the rows go. */
  #changeRow(rows: StoredRows, live: Live, { stored, refused }: Chosen): void {
    if (live.state.deleted) throw new Refusal('OFFLOOP_INVALID_REQUEST')
    if (refused) throw new Refusal('OFFLOOP_VALIDATION')
    const changes = this.#values.changes(live.table, stored)
    if (Object.keys(changes).length === 0) return
    const key = this.#keyOf(live)
    if (!rows.of(live.table).has(key)) throw new Refusal('OFFLOOP_NO_MATCH')
    rows.update(live.table, [key], changes)
  }

  #changed(live: Live, { stored }: Chosen): void {
    const changes = this.#values.changes(live.table, stored)
    if (Object.keys(changes).length > 0) this.world.become(live, { values: { ...live.state.values, ...changes } })
  }

  #update(): Step | null {
    const live = this.#live('')
    if (live === null) return null
    const chosen = this.#values.of(live.table, this.#values.names(live.table, 3))
    return {
      text: `${this.#named(live)}.update(${textOf(chosen.stored)})`,
      run: () => live.instance.update(chosen.given),
      change: (rows) => this.#changeRow(rows, live, chosen),
      settle: () => this.#changed(live, chosen),
    }
  }

  /** The values of an instance as they are stored. */
  #ownValues({ table, state }: Live, names: readonly string[]): Chosen {
    const chosen: Chosen = { given: {}, stored: {}, refused: false }
    for (const name of names) {
      const { values, nullable, to, initial, onUpdate } = this.world.rows.fieldsOf(table)[name] as FieldShape
      const value = state.values[name]
      if (value === undefined) continue
      const known: readonly (readonly [unknown, unknown])[] = [...values, ...values.map(([, stored]) => [stored, stored] as const)]
      const others = [initial, onUpdate].map((own) => [own, own] as const)
      const pair = [...known, ...others].find(([given]) => textOf(given) === textOf(value))
      chosen.given[name] = value
      if (value === null ? nullable === true : to !== undefined) chosen.stored[name] = value
      else if (value !== null && pair !== undefined) chosen.stored[name] = pair[1]
      else chosen.refused = true
    }
    return chosen
  }

  #storedBySave({ table, state }: Live): readonly string[] {
    const { key } = this.world.rows.shape(table)
    const fields = Object.entries(this.world.rows.fieldsOf(table))
    if (!state.stored) return fields.map(([name]) => name).filter((name) => !(name === 'id' && counted(table)))
    return fields.flatMap(([name, { onUpdate }]) => (key.includes(name) || onUpdate !== undefined ? [] : [name]))
  }

  #save(): Step | null {
    const live = this.#live('')
    if (live === null) return null
    const own = this.#ownValues(live, this.#storedBySave(live))
    const { table, instance, state } = live
    const text = `${this.#named(live)}.save()`
    if (state.stored || state.deleted) {
      const change = (rows: StoredRows) => this.#changeRow(rows, live, own)
      return { text, run: () => instance.save(), change, settle: () => this.#changed(live, own) }
    }
    const chosen = this.#values.completed(table, own)
    return {
      text,
      run: () => instance.save(),
      change: (rows, made) => this.#insert(rows, table, chosen, made),
      settle: () => this.world.become(live, { values: this.#withKey(table, chosen, instance), stored: true }),
    }
  }

  #deleteRow(rows: StoredRows, live: Live): number {
    if (live.state.deleted) throw new Refusal('OFFLOOP_INVALID_REQUEST')
    const key = this.#keyOf(live)
    if (!rows.of(live.table).has(key)) throw new Refusal('OFFLOOP_NO_MATCH')
    rows.delete(live.table, [key])
    return 1
  }

  #delete(): Step | null {
    const live = this.#live('')
    if (live === null) return null
    return {
      text: `${this.#named(live)}.delete()`,
      run: () => live.instance.delete(),
      change: (rows) => this.#deleteRow(rows, live),
      settle: () => this.world.become(live, { deleted: true }),
    }
  }

  #load(): Step | null {
    const live = this.#live('')
    if (live === null) return null
    const found = () => this.world.rows.row(live.table, this.#keyOf(live))
    return {
      text: `${this.#named(live)}.load()`,
      run: () => live.instance.load(),
      change: () => {
        if (found() === undefined) throw new Refusal('OFFLOOP_NO_MATCH')
      },
      settle: () => {
        live.state = { ...live.state, values: found() ?? {}, stored: true }
      },
    }
  }

  /** Several instances through a session, all or none. */
  #inSession(): Step | null {
    const [first, second] = [this.#live(''), this.#live('')]
    if (first === null || second === null) return null
    const lives = first === second ? [first] : [first, second]
    const text = lives.map((live) => this.#named(live)).join()
    const instances = lives.map(({ instance }) => instance)
    if (this.#values.chance(3)) {
      return {
        text: `session.delete(${text})`,
        run: async (tx) => await new Session(tx as Executor).delete(...instances),
        change: (rows) => lives.forEach((live) => void this.#deleteRow(rows, live)),
        settle: () => lives.forEach((live) => void this.world.become(live, { deleted: true })),
      }
    }
    const names = (live: Live) => this.#storedBySave({ ...live, state: { ...live.state, stored: true } })
    const chosen = lives.map((live) => this.#ownValues(live, names(live)))
    return {
      text: `session.update(${text})`,
      run: async (tx) => await new Session(tx as Executor).update(...instances),
      change: (rows) => lives.forEach((live, index) => void this.#changeRow(rows, live, chosen[index] as Chosen)),
      settle: () => lives.forEach((live, index) => void this.#changed(live, chosen[index] as Chosen)),
    }
  }

  #bulkUpdate(): Step | null {
    const table = this.#anyTable()
    const lives = this.world.lives.filter((live) => live.table === table && this.#values.chance(2))
    // Rows that change places in a unique key are refused by some databases.
    const names = this.#values.names(table, 3).filter((name) => this.world.rows.fieldsOf(table)[name]?.unique !== true)
    const keys = new Set(lives.map((live) => this.world.rows.keyOf(table, live.state.values)))
    if (names.length === 0 || keys.size < lives.length) return null
    const chosen = lives.map((live) => {
      const values = Object.fromEntries(names.map((name) => [name, live.state.values[name] ?? null]))
      return this.#ownValues({ ...live, state: { ...live.state, values } }, names)
    })
    return {
      text: `${table}.bulkUpdate(${lives.map((live) => this.#named(live))}, ${names})`,
      run: () =>
        this.#model(table).objects.bulkUpdate(
          lives.map(({ instance }) => instance),
          names,
        ),
      change: (rows) => {
        const found = lives.map((live) => this.#keyOf(live))
        if (chosen.some(({ refused }) => refused)) throw new Refusal('OFFLOOP_VALIDATION')
        const there = found.map((key, index) => [key, chosen[index] as Chosen] as const).filter(([key]) => rows.of(table).has(key))
        for (const [key, { stored }] of there) rows.update(table, [key], this.#values.changes(table, stored))
        return there.length
      },
      settle: () => lives.forEach((live, index) => void this.#changed(live, chosen[index] as Chosen)),
    }
  }

  // What changes rows that nobody holds

  /** Some rows, and a set of them. */
  #some(table: string): { readonly set: RowSet; readonly keys: readonly string[]; readonly text: string } {
    const [name, { values }] = pick(
      this.#below,
      Object.entries(this.world.rows.fieldsOf(table)).filter(([, { values }]) => values.length > 0),
    )
    const [, value] = pick(this.#below, values)
    const found = this.world.rows.rows(table).filter((row) => textOf(row[name]) === textOf(value))
    const filtered = this.#model(table).objects.filter({ [name]: value })
    const keys = found.map((row) => this.world.rows.keyOf(table, row))
    if (!counted(table) || this.#values.chance(2)) return { set: filtered, keys, text: `${table} of ${name} ${textOf(value)}` }
    const sorted = found.toSorted((one, other) => Number(one['id']) - Number(other['id']))
    const first = sorted.slice(0, 2).map((row) => this.world.rows.keyOf(table, row))
    return { set: filtered.orderBy('id').limit(2), keys: first, text: `2 ${table} of ${name} ${textOf(value)}` }
  }

  #updateSet(): Step {
    const table = this.#anyTable()
    const { set, keys, text } = this.#some(table)
    const { given, stored, refused } = this.#values.of(table, this.#values.names(table, 3))
    const changes = this.#values.changes(table, stored)
    return {
      text: `${text}: update(${textOf(stored)})`,
      run: () => set.update(given),
      change: (rows) => {
        if (refused) throw new Refusal('OFFLOOP_VALIDATION')
        if (Object.keys(changes).length === 0) return 0
        rows.update(table, keys, changes)
        return keys.length
      },
    }
  }

  #deleteSet(): Step {
    const table = this.#anyTable()
    const { set, keys, text } = this.#some(table)
    return {
      text: `${text}: delete()`,
      run: () => set.delete(),
      change: (rows) => {
        rows.delete(table, keys)
        return keys.length
      },
    }
  }

  #link(): Step | null {
    const owner = this.#live(this.#values.chance(2) ? 'items' : 'books')
    if (owner === null) return null
    const tags = [...this.world.rows.of('tags').values()].map((row) => row['id']).filter(() => this.#values.chance(2))
    const method = pick(this.#below, ['add', 'remove', 'set'] as const)
    const set = () => owner.instance['tags'] as LinkSet
    return {
      text: `${this.#named(owner)}.tags.${method}(${tags})`,
      run: async () => (method === 'set' ? await set().set(tags) : await set()[method](...tags)),
      change: (rows) => {
        this.#keyOf(owner)
        const links = rows.of('items_tags')
        const own = [...links].filter(([, link]) => link['items_id'] === owner.state.values['id'])
        const isNamed = (link: Values) => tags.includes(link['tags_id'])
        for (const [key, link] of own) if (method === 'add' ? false : isNamed(link) === (method === 'remove')) links.delete(key)
        const missing = method === 'remove' ? [] : tags.filter((tag) => !own.some(([, link]) => link['tags_id'] === tag))
        for (const tag of missing) rows.insert('items_tags', { items_id: owner.state.values['id'], tags_id: tag })
      },
    }
  }
}
