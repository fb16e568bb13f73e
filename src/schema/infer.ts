import type { ColumnType as KyselyColumn } from 'kysely'
import type { Sql } from '../sql/template.ts'
import type { AnyColumnSpec, ColumnSpec } from './column-spec.ts'

/** Columns by name, as `new Table()` takes them. */
export type ColumnSpecs = { readonly [name: string]: AnyColumnSpec }

type OptionsOf<S> = S extends { readonly options: infer O } ? O : never
type Told<S, Option> = OptionsOf<S> extends Option ? true : false

type IsNullable<S> =
  Told<S, { readonly primaryKey: true }> extends true ? false : Told<S, { readonly nullable: false }> extends true ? false : true

type OutOf<S> = S extends ColumnSpec<infer Out, infer _In, infer _O> ? Out : unknown
type InOf<S> = S extends ColumnSpec<infer _Out, infer In, infer _O> ? In : unknown

type KeyNames<C> = { [K in keyof C]: Told<C[K], { readonly primaryKey: true }> extends true ? K : never }[keyof C]
type IsUnion<T, U = T> = (T extends unknown ? ([U] extends [T] ? false : true) : never) extends false ? false : true

/** A key of one column that holds whole numbers is counted up by the database. */
type IsCounted<C, K extends keyof C> =
  Told<C[K], { readonly autoIncrement: true }> extends true
    ? true
    : Told<C[K], { readonly autoIncrement: false } | { readonly references: unknown }> extends true
      ? false
      : Told<C[K], { readonly primaryKey: true }> extends true
        ? IsUnion<KeyNames<C>> extends true
          ? false
          : OutOf<C[K]> extends number | bigint
            ? true
            : false
        : false

/** Whether an insert may leave the column out. */
type IsOptional<C, K extends keyof C> =
  IsNullable<C[K]> extends true
    ? true
    : Told<C[K], { readonly default: unknown } | { readonly serverDefault: unknown }> extends true
      ? true
      : IsCounted<C, K>

type IsGenerated<S> = Told<S, { readonly generated: unknown }>

type OrNull<S, V> = IsNullable<S> extends true ? V | null : V

/** A row as it comes from a table of these columns. */
export type RowOf<C> = { -readonly [K in keyof C]: OrNull<C[K], OutOf<C[K]>> } & Shown

type InsertValue<S> = OrNull<S, InOf<S>>

/** What an insert into a table of these columns takes. */
export type InsertOf<C> = Flat<
  {
    -readonly [K in keyof C as IsGenerated<C[K]> extends true ? never : IsOptional<C, K> extends true ? never : K]: InsertValue<C[K]>
  } & {
    -readonly [K in keyof C as IsGenerated<C[K]> extends true ? never : IsOptional<C, K> extends true ? K : never]?:
      | InsertValue<C[K]>
      | undefined
  }
>

/** Takes nothing away: what is joined with it is shown by its properties, and not by the name of its type. */
// biome-ignore lint/complexity/noBannedTypes: the type that takes nothing away
export type Shown = {}

type Flat<T> = { [K in keyof T]: T[K] } & Shown

/** The same for Kysely: what is selected, inserted and updated. */
export type KyselyTable<C> = {
  [K in keyof C]: IsGenerated<C[K]> extends true
    ? KyselyColumn<OrNull<C[K], OutOf<C[K]>>, never, never>
    : KyselyColumn<
        OrNull<C[K], OutOf<C[K]>>,
        IsOptional<C, K> extends true ? InsertValue<C[K]> | Sql | undefined : InsertValue<C[K]> | Sql,
        InsertValue<C[K]> | Sql
      >
}

/** The part of Kysely's `DB` type that a table is. */
export type DatabaseOf<N extends string, C> = { [K in N]: KyselyTable<C> }

/** The type of a table's rows: `type User = InferRow<typeof users>`. */
export type InferRow<T extends { readonly $columns: unknown }> = RowOf<T['$columns']>

/** The type of what an insert into the table takes: `type NewUser = InferInsert<typeof users>`. */
export type InferInsert<T extends { readonly $columns: unknown }> = InsertOf<T['$columns']>
