import type { BenchCase } from '../bench-case.ts'
import { call } from './call.ts'
import { connect } from './connect.ts'
import { connectionsInProportion } from './connections-in-proportion.ts'
import { enginesInFlight } from './engine-in-flight.ts'
import { fetchAll } from './fetch-all.ts'
import { httpServer } from './http-server.ts'
import { importing } from './import.ts'
import { inFlightInProportion } from './in-flight-in-proportion.ts'
import { durableInserts, executeMany, insertsTogether } from './insert-rows.ts'
import { mapperFilter, mapperGet } from './mappers.ts'
import { pointInFlight, pointSequential } from './point-select.ts'
import { rowsInProportion } from './rows-in-proportion.ts'
import { serverFetchAll, serverPointInFlight } from './servers.ts'
import { stream } from './stream.ts'

/** In the order of the report. */
export const allCases: readonly BenchCase[] = [
  pointSequential,
  pointInFlight,
  ...enginesInFlight,
  fetchAll,
  stream,
  executeMany,
  insertsTogether,
  call,
  durableInserts,
  httpServer,
  connect,
  importing,
  ...serverPointInFlight,
  ...serverFetchAll,
  rowsInProportion,
  inFlightInProportion,
  connectionsInProportion,
  mapperGet,
  mapperFilter,
]
