/**
 * Knex on an engine.
 *
 * @module offloop/knex
 */

import '../../node-version.ts'

export type { OffloopConnectionConfig, OffloopConnectionOptions } from './connection-settings.ts'
export { OffloopClient } from './offloop-client.ts'
