import { BorderClient } from './border.ts'
import type { ClientFactory } from './client.ts'
import { ComlinkClient } from './comlink.ts'
import { loadDrizzle } from './drizzle.ts'
import { loadKysely } from './kysely.ts'
import { loadLibsql } from './libsql.ts'
import type { MapperFactory } from './mapper.ts'
import { loadMikroOrm } from './mikro-orm.ts'
import { loadNodeSqlite3 } from './node-sqlite3.ts'
import { PiscinaClient } from './piscina.ts'
import { loadTurso } from './turso.ts'
import { loadTypeorm } from './typeorm.ts'

/** Made of the main package's own dependencies: these are always there. */
const ownBaselines: readonly ClientFactory[] = [
  { name: 'border', open: BorderClient.open },
  { name: 'piscina', open: PiscinaClient.open },
  { name: 'comlink', open: ComlinkClient.open },
]

const installedBaselines: Readonly<Record<string, () => Promise<ClientFactory>>> = {
  'node-sqlite3': loadNodeSqlite3,
  '@libsql/client': loadLibsql,
  '@tursodatabase/database': loadTurso,
  Kysely: loadKysely,
  Drizzle: loadDrizzle,
}

const installedMappers: Readonly<Record<string, () => Promise<MapperFactory>>> = {
  Drizzle: loadDrizzle,
  MikroORM: loadMikroOrm,
  TypeORM: loadTypeorm,
}

export type OnMissing = (name: string, reason: string) => void

/** The baselines of these names that work on this machine, or without names every one; `onMissing` hears of the others. */
export async function loadBaselines(names: readonly string[], onMissing: OnMissing): Promise<readonly ClientFactory[]> {
  const wanted = (name: string): boolean => names.length === 0 || names.includes(name)
  const installed = Object.fromEntries(Object.entries(installedBaselines).filter(([name]) => wanted(name)))
  return [...ownBaselines.filter(({ name }) => wanted(name)), ...(await loadAll(installed, onMissing))]
}

/** The same of object mappers. */
export async function loadMappers(onMissing: OnMissing): Promise<readonly MapperFactory[]> {
  return await loadAll(installedMappers, onMissing)
}

async function loadAll<F>(loaders: Readonly<Record<string, () => Promise<F>>>, onMissing: OnMissing): Promise<readonly F[]> {
  const loaded: F[] = []
  for (const [name, load] of Object.entries(loaders)) {
    try {
      loaded.push(await load())
    } catch (error) {
      const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
      onMissing(name, reason)
    }
  }
  return loaded
}
