/**
 * Data access layers: the tables and views of a database as it is, entities, loading and exporting.
 *
 * @module offloop/dal
 */

import '../node-version.ts'

export { jsonSerializer } from '../data/json-serializer.ts'
export type { DataSource } from '../data/text-source.ts'
export {
  type BulkLoadOptions,
  bulkLoad,
  type DataFormat,
  type LoadIntoTable,
  type LoadThroughStaging,
  type StagedStatement,
  type StagedStep,
} from './bulk-load.ts'
export { type ConnectOptions, connect, type OrFailOptions, orFail } from './connect.ts'
export { DataAccessLayer, type LayerOptions, type LayerTransactionOptions, transaction } from './data-access-layer.ts'
export { createDatabase, dropDatabase } from './databases.ts'
export { Entity, entity } from './entity.ts'
export type {
  ChangedRow,
  EntityKey,
  EntityOptions,
  EntityPageRequest,
  EntityStatements,
  HandedRow,
  ListRequest,
  ListStatementRequest,
  NewRow,
  Order,
  StatementChanges,
  UpsertRequest,
  VersionRequest,
} from './entity-options.ts'
export { type ExportOptions, exportData } from './export-data.ts'
export { FilterError, type FilterIssue } from './filter-error.ts'
export { type FilterOperator, FilterSet, type FilterSetOptions, type FilterSpecs, type FilterValues, filterSet } from './filter-set.ts'
export type { UniqueKey } from './named-values.ts'
export { type Page, type PageRequest, paginate } from './paginate.ts'
export { StaleDataError } from './stale-data-error.ts'
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts'
export { totalCount } from './total-count.ts'
export { type AliasedTable, TransactionManager } from './transaction-manager.ts'
