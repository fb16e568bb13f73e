/**
 * Models: classes of rows, query sets, relations, managers and sessions.
 *
 * @module offloop/orm
 */

export { Q } from './clause.ts'
export type { Field, FieldOptions } from './fields/field.ts'
export {
  bigInteger,
  boolean,
  date,
  dateTime,
  decimal,
  email,
  enumeration,
  float,
  integer,
  ipAddress,
  json,
  string,
  text,
  time,
  url,
  uuid,
} from './fields/makers.ts'
export {
  foreignKey,
  type ManyToMany,
  type ManyToManyOptions,
  manyToMany,
  type Named,
  oneToOne,
  type Relation,
  type RelationOptions,
} from './fields/relations.ts'
export type { FigureValues, GroupRow } from './figure-types.ts'
export { avg, count, type Figure, type FigureOptions, max, min, sum } from './figures.ts'
export type { Grouping, GroupQuery } from './group-query.ts'
export { type FindOptions, Manager, type SetOf } from './manager.ts'
export { MultipleMatches, NoMatch } from './match-errors.ts'
export type { Model } from './model.ts'
export type {
  AbstractBase,
  AbstractStatics,
  CommonMethods,
  DefineOptions,
  FieldColumns,
  InstanceMethods,
  ManySets,
  ModelClass,
  ModelInstance,
  Resolved,
  WithManager,
} from './model-class.ts'
export { ModelRegistry } from './model-registry.ts'
export { QuerySet } from './query-set.ts'
export { type RelatedRow, RelatedSet } from './related-set.ts'
export type { LockOptions } from './row-lock.ts'
export { type QueryOptions, Session, type SessionOptions } from './session.ts'
export type { SessionColumnQuery } from './session-column-query.ts'
export type { MapperFactory, SessionQuery } from './session-query.ts'
export type { StatementBuilder } from './statement-builder.ts'
export type { TableParts } from './table-parts.ts'
export type { CreateInput, OneMarker, RelatedMarker, RelatedOne, StoredValues, UpdateInput, ValueRow, Values } from './types.ts'
export { type FieldError, ValidationError } from './validation-error.ts'
