import {
  createTableRelationsHelpers,
  DefaultLogger,
  type DrizzleConfig,
  type ExtractTablesWithRelations,
  extractTablesRelationalConfig,
  type Logger,
  NoopLogger,
  type RelationalSchemaConfig,
} from 'drizzle-orm'
import type { Cache } from 'drizzle-orm/cache/core'

/** Tables, relations and whatever else the user's schema modules export. */
export type Schema = Record<string, unknown>

/** What a query has from its database object. */
export interface QuerySetup {
  readonly logger: Logger
  /** Undefined where nothing is cached. */
  readonly cache: Cache | undefined
}

/** What all sessions of one database object have in common, those of its transactions too. */
export interface SessionSetup<TDialect, TSchema extends Schema> extends QuerySetup {
  readonly dialect: TDialect
  /** Undefined where there is none, and then there are no relational queries. */
  readonly schema: RelationalSchemaConfig<ExtractTablesWithRelations<TSchema>> | undefined
}

/** Reads a configuration as Drizzle's own drivers do. */
export function sessionSetup<TDialect, TSchema extends Schema>(
  dialect: TDialect,
  { schema, logger, cache }: DrizzleConfig<TSchema>,
): SessionSetup<TDialect, TSchema> {
  return { dialect, schema: schema && relationalConfigOf(schema), logger: loggerOf(logger), cache }
}

function relationalConfigOf<TSchema extends Schema>(schema: TSchema): RelationalSchemaConfig<ExtractTablesWithRelations<TSchema>> {
  const { tables, tableNamesMap } = extractTablesRelationalConfig<ExtractTablesWithRelations<TSchema>>(schema, createTableRelationsHelpers)
  return { fullSchema: schema, schema: tables, tableNamesMap }
}

function loggerOf(logger: DrizzleConfig['logger']): Logger {
  if (logger === true) return new DefaultLogger()
  return logger === undefined || logger === false ? new NoopLogger() : logger
}
