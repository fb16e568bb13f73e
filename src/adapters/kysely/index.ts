/**
 * Kysely on an engine, and a dialect for what is made on Kysely.
 *
 * @module offloop/kysely
 */

import '../../node-version.ts'

export { OffloopDialect, type OffloopDialectConfig } from './dialect.ts'
export { type KyselyOptions, kysely } from './kysely.ts'
export type { TypeParsers } from './row-parser.ts'
