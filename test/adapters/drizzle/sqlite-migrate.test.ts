import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DrizzleQueryError, sql } from 'drizzle-orm'
import { IntegrityError, ProgrammingError } from 'offloop'
import { drizzle, migrate } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describeSqlite, describeSqliteFiles } from './databases.ts'
import { writeMigrations } from './migration-folder.ts'

const first = {
  first: `create table parents (id integer primary key);
--> statement-breakpoint
create table children (id integer primary key, parent integer not null references parents (id) on delete cascade);`,
}

/** As drizzle-kit changes a column: by a table made anew. */
const remake = `pragma foreign_keys=OFF;
--> statement-breakpoint
create table __new_parents (id integer primary key, name text not null default '');
--> statement-breakpoint
insert into __new_parents (id) select id from parents;
--> statement-breakpoint
drop table parents;
--> statement-breakpoint
alter table __new_parents rename to parents;
--> statement-breakpoint
pragma foreign_keys=ON;`

describeSqlite((fixture) => {
  test('migrations run once, in their order', async () => {
    const engine = fixture.engine()
    const db = drizzle(engine)
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, first) })
    await engine.execute('insert into parents values (1)')
    const migrationsFolder = writeMigrations(fixture.folder, { ...first, second: 'alter table parents add column name text' })
    await migrate(db, { migrationsFolder })
    await migrate(db, { migrationsFolder })
    expect(await db.all('select * from parents')).toEqual([{ id: 1, name: null }])
    expect(await db.values('select count(*) from __drizzle_migrations')).toEqual([[2]])
  })

  test('the table of migrations may have another name', async () => {
    const engine = fixture.engine()
    await migrate(drizzle(engine), { migrationsFolder: writeMigrations(fixture.folder, first), migrationsTable: 'versions' })
    expect(await engine.tableNames()).toEqual(expect.arrayContaining(['children', 'parents', 'versions']))
  })

  test('migrations of which one fails leave nothing behind', async () => {
    const engine = fixture.engine()
    const migrationsFolder = writeMigrations(fixture.folder, { ...first, second: 'alter table missing add column name text' })
    const error = await rejectionOf(migrate(drizzle(engine), { migrationsFolder }))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(ProgrammingError)
    expect(await engine.tableNames()).toEqual([])
  })

  test('a table that is made anew keeps the rows that refer to it', async () => {
    const engine = fixture.engine()
    const db = drizzle(engine)
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, first) })
    await engine.script('insert into parents values (1); insert into children values (1, 1)')
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, { ...first, remake }) })
    expect(await db.all('select * from parents')).toEqual([{ id: 1, name: '' }])
    expect(await db.all('select * from children')).toEqual([{ id: 1, parent: 1 }])
    expect((await rejectionOf(db.run('insert into children values (2, 9)'))).cause).toBeInstanceOf(IntegrityError)
  })

  test('rows that would refer to nothing undo the migrations', async () => {
    const engine = fixture.engine()
    const db = drizzle(engine)
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, first) })
    await engine.script('insert into parents values (1); insert into children values (1, 1)')
    const migrationsFolder = writeMigrations(fixture.folder, { ...first, second: 'delete from parents' })
    const error = await rejectionOf(migrate(db, { migrationsFolder }))
    expect(error).toBeInstanceOf(IntegrityError)
    expect(error.message).toContain('"children"')
    expect(await db.values('select count(*) from parents')).toEqual([[1]])
    expect(await db.values('select count(*) from __drizzle_migrations')).toEqual([[1]])
  })

  test('on a connection foreign keys are enforced again, or still not', async () => {
    const engine = fixture.engine()
    await using connection = await engine.connect()
    const db = drizzle(connection)
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, first) })
    expect(await connection.scalar('pragma foreign_keys')).toBe(1)
    await connection.execute('pragma foreign_keys = off')
    await migrate(db, { migrationsFolder: writeMigrations(fixture.folder, { ...first, remake }) })
    expect(await connection.scalar('pragma foreign_keys')).toBe(0)
  })

  test('inside a transaction migrations are part of it', async () => {
    const engine = fixture.engine()
    const tx = await engine.begin()
    await migrate(drizzle(tx), { migrationsFolder: writeMigrations(fixture.folder, first) })
    expect(await tx.scalar('select count(*) from parents')).toBe(0)
    await tx.rollback()
    expect(await engine.tableNames()).toEqual([])
  })

  test('a folder without migrations is an error', async () => {
    const error = await rejectionOf(migrate(drizzle(fixture.engine()), { migrationsFolder: fixture.folder }))
    expect(error.message).toBe("Can't find meta/_journal.json file")
  })
})

describeSqliteFiles((fixture) => {
  test('of two programs that migrate at once each succeeds, and one does it', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => `insert into parents values (${index});`)
    const migrationsFolder = writeMigrations(fixture.folder, { ...first, rows: rows.join('\n--> statement-breakpoint\n') })
    const program = fileURLToPath(new URL('./migrate-once.ts', import.meta.url))
    const children = [fork(program, [fixture.url, migrationsFolder]), fork(program, [fixture.url, migrationsFolder])]
    await Promise.all(children.map((child) => once(child, 'message')))
    for (const child of children) child.send('go')
    const exits = await Promise.all(children.map((child) => once(child, 'exit')))
    expect(exits.map(([code]) => code)).toEqual([0, 0])
    const db = drizzle(fixture.engine())
    expect(await db.values(sql`select count(*) from parents`)).toEqual([[50]])
    expect(await db.values(sql`select count(*) from __drizzle_migrations`)).toEqual([[2]])
  })
})
