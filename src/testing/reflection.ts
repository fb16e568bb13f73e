import type { AsyncEngine } from '../engine/contract.ts'
import { MetaData } from '../schema/metadata.ts'

/** What a database of tests was found to hold, once it was made. */
export interface Reflection {
  /** Its tables and views. */
  readonly metadata: MetaData
}

export async function reflectDatabase(engine: AsyncEngine): Promise<Reflection> {
  const metadata = new MetaData()
  await metadata.reflect(engine, { views: true })
  return { metadata }
}
