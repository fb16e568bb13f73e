import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { describeLacking, describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

describeTargets((db) => {
  describeNeeding(db, 'backup', () => {
    /** `notes` on more pages than one step of a backup copies. */
    async function manyPages() {
      const engine = await db.notes()
      await engine.execute(`insert into notes (text) select printf('%d %.*c', n, 1000, 'x') from (${db.numbers(1_000)})`)
      return engine
    }

    async function countIn(file: string): Promise<unknown> {
      await using copy = createEngine(`sqlite:///${file}`)
      expect(await copy.scalar('pragma integrity_check')).toBe('ok')
      return copy.scalar('select count(*) from notes')
    }

    test('backup() copies the database into a file, of engine and of connection', async () => {
      const engine = await manyPages()
      await using connection = await engine.connect()
      await engine.backup(join(db.folder, 'engine.db'))
      await connection.backup(pathToFileURL(join(db.folder, 'connection.db')))
      expect(await countIn(join(db.folder, 'engine.db'))).toBe(1_000)
      expect(await countIn(join(db.folder, 'connection.db'))).toBe(1_000)
    })

    test('backup() tells how far it has come', async () => {
      const engine = await manyPages()
      const steps: { totalPages: number; remainingPages: number }[] = []
      await engine.backup(join(db.folder, 'copy.db'), { onProgress: (progress) => void steps.push(progress) })
      const pages = await engine.scalar<number>('pragma page_count')
      expect(steps.length).toBeGreaterThan(1)
      expect(steps.every(({ totalPages }) => totalPages === pages)).toBe(true)
      expect(steps.map(({ remainingPages }) => remainingPages)).toEqual(
        [...steps.map(({ remainingPages }) => remainingPages)].sort((a, b) => b - a),
      )
      expect(steps.at(-1)?.remainingPages).toBe(0)
    })

    test('backup() overwrites an older copy', async () => {
      const engine = await db.notes()
      const file = join(db.folder, 'copy.db')
      await engine.execute("insert into notes (text) values ('a')")
      await engine.backup(file)
      await engine.execute("insert into notes (text) values ('b')")
      await engine.backup(file)
      expect(await countIn(file)).toBe(2)
    })

    test('backup() holds up no statement behind it for good, and what is written meanwhile is stored', async () => {
      const engine = await manyPages()
      const backup = engine.backup(join(db.folder, 'copy.db'))
      await Promise.all([backup, ...Array.from({ length: 10 }, (_, n) => engine.execute(db.insert, [`new ${n}`]))])
      expect(await engine.scalar('select count(*) from notes')).toBe(1_010)
      expect(await countIn(join(db.folder, 'copy.db'))).toBeGreaterThanOrEqual(1_000)
    })

    test('backup() that is aborted rejects and leaves no half of a copy', async () => {
      const engine = await manyPages()
      const file = join(db.folder, 'copy.db')
      const controller = new AbortController()
      const reason = new Error('enough')
      const backup = engine.backup(file, { signal: controller.signal, onProgress: () => controller.abort(reason) })
      expect(await rejectionOf(backup)).toMatchObject({ name: 'AbortError', cause: reason })
      await engine.close()
      // It may have been ready before the worker could hear of it.
      if (existsSync(file)) expect(await countIn(file)).toBe(1_000)
    })

    test('backup() into a folder that does not exist is an OperationalError', async () => {
      const engine = await db.notes()
      expect(await rejectionOf(engine.backup(join(db.folder, 'missing', 'copy.db')))).toMatchObject({ name: 'OperationalError' })
      expect(await rejectionOf(engine.backup('/dev/null/copy.db'))).toMatchObject({
        name: 'OperationalError',
        driverCode: 'SQLITE_CANTOPEN',
      })
      expect(await rejectionOf(engine.backup(''))).toMatchObject({ name: 'TypeError' })
      expect(await textsOf(engine)).toEqual([])
    })

    describeNeeding(db, 'snapshotsBesideWriters', () => {
      test('backup() beside an open transaction leaves out what is not committed', async () => {
        const engine = await db.notes()
        await engine.execute("insert into notes (text) values ('a')")
        const tx = await engine.begin()
        await tx.execute("insert into notes (text) values ('b')")
        await engine.backup(join(db.folder, 'copy.db'))
        await tx.commit()
        expect(await countIn(join(db.folder, 'copy.db'))).toBe(1)
      })
    })
  })

  describeLacking(db, 'backup', () => {
    test('backup() says that there is none, and writes no file', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const file = join(db.folder, 'copy.db')
      for (const executor of [engine, connection]) {
        expect(await rejectionOf(executor.backup(file))).toMatchObject({
          name: 'NotSupportedError',
          message: expect.stringContaining(db.target.driver),
        })
      }
      expect(existsSync(file)).toBe(false)
      expect(await textsOf(connection)).toEqual([])
    })
  })
})
