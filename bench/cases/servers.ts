import { type AsyncEngine, createEngine } from 'offloop'
import type { BenchCase, CaseContext, Outcome, Variant } from '../bench-case.ts'
import { type Item, idAt, itemValues } from '../item.ts'
import { openServer, type ServerClient, type ServerName, serverUrl } from '../server-item.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000
/** Of the pool of each way to do it. */
const connections = 4

const drivers = { postgresql: 'pg', mysql: 'mysql2' } as const

/** Small queries of many users: where a thread costs more than it takes off, and where it does not. */
export const serverPointInFlight: readonly BenchCase[] = servers((server) => ({
  module: import.meta.url,
  name: `${drivers[server]}-point-in-flight`,
  title: `${server}: point select, 64 in flight, a pool of ${connections}`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 1_000 : 20_000),
  targets: [{ of: 'offloop, main', metric: 'operationsPerSecond', atLeast: 0.8, relativeTo: drivers[server] }],
  variants(context) {
    const count = this.operations(context.quick)
    return variantsOf(server, context, async ({ get }) => {
      const found = await gatherTasks(64, count, (index) => get(idAt(index, rows)))
      return { answer: () => found }
    })
  },
}))

/** Large results: what their objects cost the thread that everything else runs on. */
export const serverFetchAll: readonly BenchCase[] = servers((server) => ({
  module: import.meta.url,
  name: `${drivers[server]}-fetch-all`,
  title: `${server}: 100,000 rows of 5 columns, all of them as objects`,
  unit: 'row',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: () => rows,
  targets: [{ of: 'offloop', metric: 'longestGapMs', atMost: 10 }],
  variants: (context) =>
    variantsOf(server, context, async ({ all }) => {
      const items = await all()
      return { answer: () => items }
    }),
}))

function servers(caseOf: (server: ServerName) => BenchCase): readonly BenchCase[] {
  return (['postgresql', 'mysql'] as const).map(caseOf)
}

function variantsOf(server: ServerName, { wants }: CaseContext, run: (client: ServerClient) => Promise<Outcome>): readonly Variant[] {
  const ways: Readonly<Record<string, (url: string, table: string) => ServerClient | Promise<ServerClient>>> = {
    [drivers[server]]: (url, table) => openServer(server, url, table, connections),
    offloop: (url, table) => offloopClient(createEngine(url, { pool: { max: connections } }), table),
    'offloop, main': (url, table) => offloopClient(createEngine(url, { pool: { max: connections }, placement: 'main' }), table),
  }
  return Object.entries(ways)
    .filter(([name]) => wants(name))
    .map(([name, open]) => ({
      name,
      prepare: async () => {
        const filled = await fill(server)
        if (filled === null) return null
        const client = await open(filled.url, filled.table)
        const close = async (): Promise<void> => {
          await client.close()
          await remove(server, filled)
        }
        return { run: () => run(client), close }
      },
    }))
}

interface FilledTable {
  readonly url: string
  readonly table: string
}

const filling = new Map<ServerName, Promise<FilledTable | null>>()

/** The table of items, made anew once; null where there is no server. */
function fill(server: ServerName): Promise<FilledTable | null> {
  const known = filling.get(server)
  if (known !== undefined) return known
  const filled = fillNow(server)
  filling.set(server, filled)
  return filled
}

/** When nobody runs any more: the first who closes takes it away. */
async function remove(server: ServerName, { url, table }: FilledTable): Promise<void> {
  filling.delete(server)
  await using engine = createEngine(url)
  await engine.execute(`drop table if exists ${table}`)
}

async function fillNow(server: ServerName): Promise<FilledTable | null> {
  const url = serverUrl(server)
  const table = 'offloop_bench_item'
  const engine = createEngine(url)
  try {
    await engine.execute(`drop table if exists ${table}`)
    await engine.execute(
      `create table ${table} (id integer primary key, name varchar(100) not null, price double precision not null, quantity integer not null, note varchar(100))`,
    )
    await engine.executeMany(
      `insert into ${table} (id, name, price, quantity, note) values (:id, :name, :price, :quantity, :note)`,
      itemValues(rows).map(([id, name, price, quantity, note]) => ({ id, name, price, quantity, note })),
    )
    return { url, table }
  } catch (error) {
    console.log(`${server} is left out: ${error instanceof Error ? error.message : error}`)
    return null
  } finally {
    await engine.close()
  }
}

function offloopClient(engine: AsyncEngine, table: string): ServerClient {
  return {
    get: (id) => engine.execute<Item>(`select id, name, price, quantity, note from ${table} where id = :id`, { id }).first(),
    all: () => engine.execute<Item>(`select id, name, price, quantity, note from ${table} order by id`).fetchall(),
    close: () => engine.close(),
  }
}
