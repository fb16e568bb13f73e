// A strict program against the packed declarations; test/package compiles it and checks the declarations themselves with it.
import { type AsyncConnection, type AsyncEngine, createEngine, IntegrityError, type OffloopError, sql } from 'offloop'
import { exportText, type ImportOptions, importData } from 'offloop/data'
import type { Driver } from 'offloop/driver'
import type { IntegrityError as IntegrityErrorOfSubpath } from 'offloop/errors'
import { kysely, OffloopDialect } from 'offloop/kysely'

interface City {
  readonly id: number
  readonly name: string
}

const engine: AsyncEngine = createEngine('sqlite://', { pool: { max: 1 }, integers: 'number' })
const cities: City[] = await engine.execute<City>(sql`select id, name from city where id = ${1}`).fetchall()
const count: number | null = await engine.scalar<number>('select count(*) from city')
const sizes: string[] = await engine.transaction(async (tx) =>
  (await tx.execute<City>('select * from city').fetchall()).map(({ name }) => name),
)
const connection: AsyncConnection = await engine.connect()
for await (const city of connection.stream<City>('select * from city')) console.log(city.name.length + cities.length, count, sizes)
await connection.close()

const isSameClass: typeof IntegrityErrorOfSubpath = IntegrityError
const describeError = (error: OffloopError): string => error.code
export type DriverName = Driver['name']
console.log(isSameClass, describeError)

const db = kysely<{ city: City }>(engine)
const names: { name: string }[] = await db.selectFrom('city').select('name').where('id', '=', 1).execute()
console.log(names, new OffloopDialect({ url: 'sqlite://' }))

const options: ImportOptions = { format: 'yaml', onProgress: ({ rows, totalBytes }) => console.log(rows, totalBytes) }
const { tables }: { tables: { readonly [name: string]: number } } = await importData(engine, new Blob(['[]']).stream(), options)
console.log(tables, await exportText(engine, { format: 'csv', table: 'city' }))

// @ts-expect-error a column that the table has not
db.selectFrom('city').select('size')
// @ts-expect-error a format that does not exist
importData(engine, '', { format: 'xml' })
// @ts-expect-error an engine option that does not exist
createEngine('sqlite://', { pools: 1 })
