/**
 * Tables as values: defined by a program or read from the database, with statements whose rows have the types of their columns.
 *
 * @module offloop/schema
 */

export type { Column } from './column.ts'
export {
  bigInteger,
  blob,
  boolean,
  custom,
  date,
  dateTime,
  enumeration,
  float,
  integer,
  json,
  numeric,
  smallInteger,
  string,
  text,
  time,
  uuid,
} from './column-makers.ts'
export type { ColumnOptions, Generated, KnownOptions, Reference, ReferentialAction } from './column-options.ts'
export type { ColumnSpec } from './column-spec.ts'
export { and, type Condition, type ConditionLike, not, or } from './condition.ts'
export {
  type CheckConstraint,
  type Constraint,
  checkConstraint,
  type ForeignKeyConstraint,
  type ForeignKeyOptions,
  foreignKeyConstraint,
  type Index,
  type IndexOptions,
  index,
  type PrimaryKeyConstraint,
  primaryKeyConstraint,
  type UniqueConstraint,
  uniqueConstraint,
} from './constraints.ts'
export type { CreateOptions } from './ddl/create-all.ts'
export { createIndex } from './ddl/create-index.ts'
export { type CreateTableOptions, createTable, dropTable } from './ddl/create-table.ts'
export type { DefinitionStatement } from './ddl/definition-statement.ts'
export type { ColumnSpecs, DatabaseOf, InferInsert, InferRow, InsertOf, RowOf } from './infer.ts'
export type { InsertStatement, InsertValues, OnConflict } from './insert-statement.ts'
export type {
  CheckDescription,
  ColumnDescription,
  ConflictAction,
  EnumDescription,
  ExclusionConstraintDescription,
  ForeignKeyDescription,
  GeneratedDescription,
  IndexDescription,
  KeyMember,
  PrimaryKeyDescription,
  SequenceDescription,
  TableDescription,
  TableKind,
  TableOptions as DescribedTableOptions,
  TriggerDescription,
  UniqueConstraintDescription,
  ViewDescription,
} from './inspection/descriptions.ts'
export { type DescribeOptions, type Inspector, inspect } from './inspection/inspector.ts'
export type {
  ArrayTypeInfo,
  BinaryTypeInfo,
  BitTypeInfo,
  EnumerationTypeInfo,
  FloatTypeInfo,
  IntegerTypeInfo,
  JsonTypeInfo,
  NumericTypeInfo,
  PlainTypeInfo,
  SetTypeInfo,
  StringTypeInfo,
  TimeTypeInfo,
  TypeInfo,
} from './inspection/type-info.ts'
export type { JsonPath } from './json-path.ts'
export type { JsonInput, JsonValue } from './json-value.ts'
export { MetaData, type MetaDataOptions } from './metadata.ts'
export type { NamingConvention } from './naming-convention.ts'
export type { ReflectOptions } from './reflection/reflect-tables.ts'
export { type Columns, Table, type TableAlias } from './table.ts'
export type { AnyTable, TableOptions } from './table-shape.ts'
export type { CustomValues } from './types/custom.ts'
export type { Ordering, ValueExpression } from './value-expression.ts'
