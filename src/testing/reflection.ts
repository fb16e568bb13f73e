import { DataAccessLayer } from '../dal/data-access-layer.ts'
import type { AsyncEngine } from '../engine/contract.ts'
import type { MetaData } from '../schema/metadata.ts'

/** What a database of tests was found to hold, once it was made. */
export interface Reflection {
  /** Its tables and views. */
  readonly metadata: MetaData
  /** What reads and writes them. */
  readonly dal: DataAccessLayer
}

export async function reflectDatabase(engine: AsyncEngine): Promise<Reflection> {
  const dal = await DataAccessLayer.reflect(engine)
  return { dal, metadata: dal.metadata }
}
