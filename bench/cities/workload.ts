import type { CityRow } from './city-rows.ts'
import type { Row, Store } from './store.ts'

/** One piece of work; its answer is a small table that must come out the same whichever way it was done. */
export interface Step {
  readonly title: string
  run(store: Store): Promise<readonly Row[]>
}

const pointQueries = 2_000

const largestCountries = `
  select country, count(*) as cities, sum(population) as inhabitants
  from city group by country order by inhabitants desc limit 5`

/** Every city against every large one: what a report or a search without an index costs, most of a second in one statement. */
const crowdedNeighbourhoods = `
  select large.name, large.population, count(*) as neighbours, sum(near.population) as inhabitants
  from city as large
  join city as near
    on near.latitude between large.latitude - 0.5 and large.latitude + 0.5
    and near.longitude between large.longitude - 0.5 and large.longitude + 0.5
  where large.population > 3000000
  group by large.id order by inhabitants desc limit 5`

/** The steps in their order; `onRow` hears of every row on its way into the database. */
export function citySteps(rows: readonly CityRow[], onRow: (done: number) => void): readonly Step[] {
  return [
    {
      title: 'create the table',
      run: async (store) => {
        await store.script(`create table city (
          id integer primary key, name text not null, country text not null,
          population integer not null, latitude real not null, longitude real not null)`)
        return []
      },
    },
    {
      title: `insert ${rows.length.toLocaleString('en')} cities`,
      run: async (store) => [{ inserted: await store.insertMany('insert into city values (?, ?, ?, ?, ?, ?)', withProgress(rows, onRow)) }],
    },
    {
      title: 'make two indexes',
      run: async (store) => {
        await store.script('create index city_population on city (population); create index city_name on city (name)')
        return []
      },
    },
    { title: `${pointQueries.toLocaleString('en')} point queries, one after another`, run: (store) => lookUpCities(store, rows) },
    { title: 'range query: cities of 50,000 to 5 million', run: rangeOfCities },
    { title: 'aggregate: inhabitants by country', run: (store) => store.all(largestCountries) },
    { title: 'join: who lives around the largest cities', run: (store) => store.all(crowdedNeighbourhoods) },
    { title: 'stream of all cities', run: streamCities },
    { title: 'transactions: one rolled back, one committed', run: transactions },
  ]
}

function* withProgress(rows: readonly CityRow[], onRow: (done: number) => void): Iterable<CityRow> {
  let done = 0
  for (const row of rows) {
    yield row
    onRow(++done)
  }
}

interface City {
  readonly name: string
  readonly country: string
  readonly population: number
}

async function lookUpCities(store: Store, rows: readonly CityRow[]): Promise<readonly Row[]> {
  const stride = Math.floor(rows.length / pointQueries)
  const found: City[] = []
  for (let index = 0; index < pointQueries; index++) {
    const id = rows[index * stride]?.[0] ?? 0
    const city = await store.one<City>('select name, country, population from city where id = ?', [id])
    if (city !== null) found.push(city)
  }
  return [{ found: found.length, 'the last one': found.at(-1)?.name, population: found.at(-1)?.population }]
}

async function rangeOfCities(store: Store): Promise<readonly Row[]> {
  const range = 'select name, country, population from city where population between ? and ? order by population desc, id'
  const cities = await store.all<City>(range, [50_000, 5_000_000])
  return [{ cities: cities.length, 'the largest': cities[0]?.name, 'the smallest': cities.at(-1)?.name }]
}

async function streamCities(store: Store): Promise<readonly Row[]> {
  let cities = 0
  let inhabitants = 0
  for await (const { population } of store.stream<City>('select id, name, country, population from city')) {
    cities++
    inhabitants += population
  }
  return [{ cities, inhabitants }]
}

async function transactions(store: Store): Promise<readonly Row[]> {
  const grow = 'update city set population = population + 1 where country = ?'
  const changeOfMind = new Error('change of mind')
  const rolledBack = store.transaction(async (run) => {
    await run(grow, ['JP'])
    throw changeOfMind
  })
  await rolledBack.catch((error: unknown) => {
    if (error !== changeOfMind) throw error
  })
  const changed = await store.transaction((run) => run(grow, ['NZ']))
  const inhabitants = "select country, sum(population) as inhabitants from city where country in ('JP', 'NZ') group by country"
  return [{ 'cities changed': changed }, ...(await store.all(inhabitants))]
}
