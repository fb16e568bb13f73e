import type { Column } from '../schema/column.ts'
import type { ColumnSpecs } from '../schema/infer.ts'
import type { Table } from '../schema/table.ts'
import type { Executor } from '../sql/executor.ts'
import type { ManyToMany, Named, Relation } from './fields/relations.ts'
import type { ManagedModel, Manager } from './manager.ts'
import type { Model } from './model.ts'
import type { RelatedSet } from './related-set.ts'
import type { TableParts } from './table-parts.ts'
import type { Fields, InstanceKey, PrefetchPath, RelationField, UpdateInput, Values, WayBackName, WaysBackOf } from './types.ts'

/** Fields of which some lead to the model itself, by the name of its table. */
export type Resolved<F extends object, N extends string> = true extends { [K in keyof F]: LeadsTo<F[K], N> }[keyof F]
  ? { [K in keyof F]: ResolvedField<F[K], F, N> }
  : F
type LeadsTo<S, N extends string> = S extends { readonly $model: Named<N> } ? true : false
type ResolvedField<S, F extends object, N extends string> =
  S extends Relation<Named<N>, infer O>
    ? Relation<ModelClass<Resolved<F, N>, N>, O>
    : S extends ManyToMany<Named<N>>
      ? ManyToMany<ModelClass<Resolved<F, N>, N>>
      : S

/** The columns of a model, under the names of its fields. */
export type FieldColumns<F> = {
  readonly [K in keyof Values<F>]: F[K] extends { readonly $out: infer Out; readonly $in: infer In }
    ? Column<Out, In>
    : Column<unknown, unknown>
}

/** The many-to-many relations of an instance. */
export type ManySets<F> = {
  readonly [K in keyof F as F[K] extends ManyToMany<unknown> ? K : never]: F[K] extends ManyToMany<infer M extends ManagedModel>
    ? RelatedSet<M>
    : RelatedSet<ManagedModel>
}

/**
 * Checks a relation that is loaded. Inside its class nothing is known of `this` but what names it has: there a way back is one that is no field.
 */
type Loaded<F, I, P extends string> =
  | RelationField<F, unknown>
  | WayBackName<I>
  | (P & PrefetchPath<F, WaysBackOf<I>, P>)
  | (keyof I & P & (P extends keyof Values<F> | keyof Model ? never : P))

/** What instances give themselves back from: written out, since a derived type would forget of which class they are. */
export interface InstanceMethods<F> {
  /** Of several fields, a list in their order. */
  pk: InstanceKey<F>
  /** Stores these values, and has them from then on. */
  update(values: UpdateInput<F>): Promise<this>
  /** Reads all of its fields; or with names, the rows that these relations lead to: `load('profile')`. */
  load<const P extends string>(...relations: readonly Loaded<F, this, P>[]): Promise<this>
  /** Reads its fields once more: what has not been stored is lost. */
  refresh(): Promise<this>
  /** Stores its values as they are: creates its row, or updates it. */
  save(): Promise<this>
}

/** What the instances of all models can do alike. */
export type CommonMethods = Omit<Model, keyof InstanceMethods<unknown>>

/** An instance of a model with these fields. */
export type ModelInstance<F> = CommonMethods & InstanceMethods<F> & Values<F> & ManySets<F>

/** What an instance can be made of. */
type Initial<F> = Partial<{ [K in keyof UpdateInput<F>]: UpdateInput<F>[K] }> & { readonly pk?: unknown }

/** A class, as far as its instances go. */
interface Prototyped {
  readonly prototype: object
}

/** A model: the class of its instances. */
export interface ModelClass<F extends object, N extends string = string, I = ModelInstance<F>> {
  new (values?: Initial<F>): I
  readonly prototype: I
  /** Only for the compiler. */
  readonly $fields: F
  /** Where its rows are found and created. */
  readonly objects: Manager<ModelClass<F, N, I & object>>
  readonly table: Table<N, ColumnSpecs>
  /** The columns, as expressions. */
  readonly c: FieldColumns<F>
  /** The fields by name. */
  readonly fields: F
  readonly pkName: string
  /** A model whose rows have more fields, in a table of their own that is joined to this one's. */
  extend<M extends string, G extends Fields, T extends Prototyped>(
    this: T,
    table: M,
    fields: G,
    options?: TableParts,
  ): ModelClass<Resolved<F & G, M>, M, T['prototype'] & ModelInstance<Resolved<F & G, M>>>
}

/** A class of managers. */
export type ManagerClass = new (model: never, executor?: Executor | null) => object

/** What `models.define()` can be told beside the fields. */
export interface DefineOptions<T extends ManagerClass = ManagerClass> extends TableParts {
  /** What `Model.objects` is. */
  readonly manager?: T | undefined
}

/** With a manager of its own at `objects`. */
export type WithManager<C, T> = Omit<C, 'objects'> & { readonly objects: T extends new (...args: never[]) => infer I ? I : never }

/** What models have in common: fields, and methods of a class that is derived from it. It has no table, and no instances of its own. */
export type AbstractBase<F extends object, I = ModelInstance<F>> = (abstract new (values?: Initial<F>) => I) & AbstractStatics<F, I>

/** What an abstract base has itself. */
export interface AbstractStatics<F extends object, I = ModelInstance<F>> {
  readonly prototype: I
  /** Only for the compiler. */
  readonly $shared: F
  /** Its fields by name. */
  readonly fields: F
  /**
   * Defines a model that has these fields beside its own, and what the class can do.
   *
   * @throws {ArgumentError} as `ModelRegistry.define`, and where both have a field of one name
   */
  define<const N extends string, G extends Fields, T extends Prototyped>(
    this: T,
    table: N,
    fields: G,
    options?: TableParts,
  ): DefinedOn<T, Resolved<F & G, N>, N>
  define<const N extends string, G extends Fields, T extends Prototyped, M extends ManagerClass>(
    this: T,
    table: N,
    fields: G,
    options: DefineOptions<M> & { readonly manager: M },
  ): WithManager<DefinedOn<T, Resolved<F & G, N>, N>, M> & (new (values?: object) => SharedInstance<T, Resolved<F & G, N>>)
  /** An abstract base that has more fields. */
  abstract<G extends Fields, T extends Prototyped>(this: T, fields: G): AbstractBase<F & G, SharedInstance<T, F & G>> & OwnStatics<T>
}

/** The methods of the base come with it. */
type SharedInstance<T extends Prototyped, F> = T['prototype'] & ModelInstance<F>
/** What a program's class adds to the base itself. */
type OwnStatics<T> = Omit<T, keyof AbstractStatics<object>>
type DefinedOn<T extends Prototyped, F extends object, N extends string> = ModelClass<F, N, SharedInstance<T, F>> & OwnStatics<T>
