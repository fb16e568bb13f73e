import type { AsyncEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../conformance/targets.ts'
import { Folder, making } from './folder.ts'

interface BrokenSet {
  readonly what: string
  /** The file that the error names. */
  readonly file: string
  readonly line?: number
  readonly message: RegExp
  /** Makes a set broken of which '1.sql' and '2.sql' have been applied. */
  breakIt(folder: Folder): void
  /** It shows only when it runs: where DDL cannot be rolled back, this undoes what has run before. */
  readonly undo?: readonly string[]
  readonly only?: 'sqlite'
}

const sets: readonly BrokenSet[] = [
  {
    what: 'an edited migration',
    file: '1.sql',
    message: /edited/,
    breakIt: (folder) => folder.write('1.sql', `${making('one')}\n-- a word more`),
  },
  { what: 'a migration that is missing', file: '1', message: /missing/, breakIt: (folder) => folder.remove('1.sql') },
  {
    what: 'a new migration before those that were applied',
    file: '11.sql',
    message: /stands before 2\.sql/,
    breakIt: (folder) => folder.write('11.sql', making('eleven')),
  },
  {
    what: 'two files of one name',
    file: '3.sql',
    message: /3\.mjs has the same name/,
    breakIt: (folder) => folder.write('3.mjs', 'export function up() {}'),
  },
  {
    what: 'a COMMIT of its own',
    file: '4.sql',
    line: 2,
    message: /COMMIT is not for/,
    breakIt: (folder) => folder.write('4.sql', 'create table four (x integer);\n/* ; */ Commit;\ncreate table five (x integer);'),
  },
  {
    what: 'VACUUM',
    file: '4.sql',
    line: 3,
    message: /VACUUM is not for/,
    breakIt: (folder) => folder.write('4.sql', '-- up\n-- and then\nvacuum;'),
    only: 'sqlite',
  },
  {
    what: 'a pragma about foreign keys',
    file: '4.sql',
    line: 1,
    message: /PRAGMA foreign_keys is not for/,
    breakIt: (folder) => folder.write('4.sql', 'PRAGMA main . foreign_keys=OFF;\ndrop table one;'),
    only: 'sqlite',
  },
  {
    what: 'a statement that fails half-way',
    file: '3.sql',
    line: 2,
    message: /nowhere/,
    breakIt: (folder) =>
      folder.write('3.sql', 'create table three (x integer); insert into one values (1);\ninsert into nowhere values (1);'),
    undo: ['drop table three', 'delete from one'],
  },
  {
    what: 'an error of syntax',
    file: '3.sql',
    line: 3,
    message: /syntax/i,
    breakIt: (folder) => folder.write('3.sql', 'insert into one values (1);\n\ncreate tabel three (x integer);'),
    undo: ['delete from one'],
  },
  {
    what: 'a file that is not UTF-8',
    file: '4.sql',
    message: /not UTF-8/,
    breakIt: (folder) => folder.write('4.sql', Buffer.from('create table caf\xe9 (x integer);', 'latin1')),
  },
  {
    what: 'a module that throws',
    file: '4.mjs',
    message: /cannot be imported: no day for it/,
    breakIt: (folder) => folder.write('4.mjs', "throw new Error('no day for it')"),
  },
  {
    what: 'a module without a way up',
    file: '4.mjs',
    message: /exports no function "up"/,
    breakIt: (folder) => folder.write('4.mjs', 'export function down() {}'),
  },
]

describeTargets((fixture) => {
  const possible = sets.filter(({ only }) => only === undefined || only === fixture.can.dialect)
  test.each(possible)('$what is one clear error, and the database is as before', async ({ breakIt, file, line, message, undo }) => {
    const engine = fixture.engine()
    const folder = new Folder({ '1.sql': making('one'), '2.sql': making('two') })
    const migrations = new Migrations(engine, { directory: folder.path })
    await migrations.up()
    const before = await contentOf(engine)
    folder.write('3.sql', making('three'))
    breakIt(folder)
    const error = await rejectionOf(migrations.up())
    expect(error).toMatchObject({ name: 'MigrationError', code: 'OFFLOOP_MIGRATION', file, message: expect.stringMatching(message) })
    expect(error.message).toContain(file)
    if (line !== undefined) expect(error).toMatchObject({ line })
    if (undo !== undefined && !fixture.can.transactionalDdl) {
      // Until somebody has looked, nothing else runs.
      expect(await rejectionOf(migrations.up())).toMatchObject({ file, message: expect.stringContaining('resolve') })
      for (const statement of undo) await engine.execute(statement)
      await migrations.resolve('3', 'pending')
    }
    expect(await contentOf(engine)).toEqual(before)
    expect(engine.status().inUse).toBe(0)
  })
})

/** All that these migrations could change. */
async function contentOf(engine: AsyncEngine): Promise<unknown> {
  return {
    tables: await engine.tableNames(),
    rows: await engine.execute('select x from one').fetchall(),
    records: await engine.execute('select name, state, checksum from offloop_migrations order by name').fetchall(),
  }
}
