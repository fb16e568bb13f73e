import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { describeValue } from '../sql/parameters.ts'
import { termOf } from './clause.ts'
import type { FiguresOf, FigureValues, GroupOrderName, GroupRow, Having, HavingOperator } from './figure-types.ts'
import type { FigureTerm } from './figure-values.ts'
import { type Figures, namedFigures } from './figures.ts'
import { type GroupState, groupState, iterateGroups, readGroups } from './group-reader.ts'
import type { Operator } from './lookup.ts'
import { type QueryState, wholeNumber } from './query-state.ts'

/** Rows of a query set by what they have in common: the figures over each group are still to be named. */
export class Grouping<F, R, P extends string> {
  readonly #rows: QueryState
  readonly #paths: readonly string[]

  constructor(rows: QueryState, paths: readonly string[]) {
    this.#rows = rows
    this.#paths = paths
    // What leads nowhere is refused where it is written.
    groupState(rows, paths, [])
    if (paths.length === 0) throw new ArgumentError('groupBy() takes the names of fields: aggregate() alone is about all rows together.')
  }

  /**
   * Figures over each group: `groupBy('album__name').aggregate({ tracks: count(), longest: max('length') })` gives plain objects with
   * `album__name`, `tracks` and `longest`.
   *
   * @throws {ArgumentError} a figure is of a field that is none, or of one that it means nothing of
   */
  aggregate<const A extends Figures>(figures: A & FiguresOf<F, R, A>): GroupQuery<FigureValues<F, R, A>, GroupRow<F, R, P, A>> {
    return new GroupQuery(groupState(this.#rows, this.#paths, namedFigures(figures)))
  }
}

const operators: ReadonlySet<string> = new Set<HavingOperator>([
  ...(['exact', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'notin', 'range', 'isnull'] as const),
])

/** Groups of rows with figures over each: immutable, awaitable and async-iterable as a query set. */
export class GroupQuery<V, Row> implements PromiseLike<Row[]>, AsyncIterable<Row> {
  /** Only for the compiler. */
  declare readonly $figures: V
  readonly #state: GroupState

  constructor(state: GroupState) {
    this.#state = state
  }

  #with(changes: Partial<GroupState>): GroupQuery<V, Row> {
    return new GroupQuery<V, Row>({ ...this.#state, ...changes })
  }

  /**
   * Only groups of whose figures all of this holds: `{ tracks__gt: 1 }`. What must hold of rows is said before, by `filter()`.
   *
   * @throws {ArgumentError} there is no such figure or operator
   * @throws {TypeError} a value is of no use to its operator
   */
  having(lookups: Having<V>): GroupQuery<V, Row> {
    if (typeof lookups !== 'object' || lookups === null || Array.isArray(lookups))
      throw new TypeError(`having() takes conditions on figures by name, found ${describeValue(lookups)}.`)
    const terms = Object.entries(lookups).map(([text, value]) => figureTerm(this.#state, text, value))
    return this.#with({ having: [...this.#state.having, ...terms] })
  }

  /** In this order, instead of any before: names of what the groups are by and of figures, '-' first for the other way. */
  orderBy(...names: readonly GroupOrderName<Row>[]): GroupQuery<V, Row> {
    const { outputs } = this.#state
    const order = names.map((name) => {
      if (typeof name !== 'string') throw new TypeError(`orderBy() takes names, found ${describeValue(name)}.`)
      const descending = name.startsWith('-')
      const wanted = descending ? name.slice(1) : name
      const output = outputs.findIndex((candidate) => candidate.name === wanted)
      if (output < 0) throw unknownOutput(`orderBy(${JSON.stringify(name)})`, wanted, outputs)
      return { output, descending }
    })
    return this.#with({ order })
  }

  /** At most so many groups; 0 is none. */
  limit(groups: number): GroupQuery<V, Row> {
    return this.#with({ limit: wholeNumber('limit', groups) })
  }

  /** Without the first ones. */
  offset(groups: number): GroupQuery<V, Row> {
    return this.#with({ offset: wholeNumber('offset', groups) })
  }

  // biome-ignore lint/suspicious/noThenProperty: groups can be awaited
  then<A = Row[], B = never>(
    onfulfilled?: ((value: Row[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onfulfilled, onrejected)
  }

  async all(): Promise<Row[]> {
    return this.#state.limit === 0 ? [] : ((await readGroups(this.#state)) as Row[])
  }

  /** The first one, or null. */
  async first(): Promise<Row | null> {
    const [row] = await (this.#state.limit === 0 ? this : this.limit(1)).all()
    return row ?? null
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    if (this.#state.limit === 0) return
    for await (const row of iterateGroups(this.#state)) yield row as Row
  }

  /** One by one, in bounded memory. */
  iterate(): AsyncGenerator<Row> {
    return this[Symbol.asyncIterator]()
  }
}

function figureTerm({ rows, outputs }: GroupState, text: string, value: unknown): FigureTerm {
  const [name = '', operator = 'exact', ...rest] = text.split('__')
  const output = outputs.findIndex((candidate) => candidate.name === name && candidate.kind !== 'group')
  const figure = outputs[output]
  const figures = outputs.filter(({ kind }) => kind !== 'group')
  if (figure === undefined) throw unknownOutput(`having(${JSON.stringify(text)})`, name, figures)
  if (!operators.has(operator) || rest.length > 0)
    throw new ArgumentError(`having(${JSON.stringify(text)}): figures have no such operator.${didYouMean(operator, [...operators])}`)
  const field = figure.lookup?.field ?? (rows.definition.keyFields[0] as NonNullable<typeof figure.lookup>['field'])
  return { output, term: termOf({ text, steps: [], field, operator: operator as Operator }, value) }
}

function unknownOutput(use: string, name: string, outputs: GroupState['outputs']): ArgumentError {
  const known = outputs.map((output) => output.name)
  return new ArgumentError(`${use}: there is no ${printableName(name)} in these groups.${didYouMean(name, known)}`)
}
