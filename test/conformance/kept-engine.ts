import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine } from 'offloop'
import { isServer, type Target } from './target.ts'

/**
 * An engine that the tests of a file share, one after another: to start threads takes longer than most tests do. Its database is emptied
 * behind each of them, and one that a test may have left another way than it was is not used again.
 */
export class KeptEngine {
  readonly engine: AsyncEngine
  readonly #target: Target
  readonly #folder: string | undefined

  /** @param serverUrl where the database is, if it is a server's */
  constructor(target: Target, serverUrl: string | undefined) {
    this.#target = target
    this.#folder = target.storage === 'file' ? mkdtempSync(join(tmpdir(), 'offloop-conformance-')) : undefined
    this.engine = createEngine(serverUrl ?? sqliteUrl(target, this.file))
  }

  get file(): string | undefined {
    return this.#folder === undefined ? undefined : join(this.#folder, 'test.db')
  }

  /** Every connection is back where it belongs, and nobody waits for one. */
  get isAtRest(): boolean {
    const { inUse, waiting, quarantined } = this.engine.status()
    return !this.engine.closed && inUse + waiting + quarantined === 0
  }

  /** Empties a database of SQLite, and tells whether it could; that of a server is emptied from outside. */
  async empty(): Promise<boolean> {
    if (isServer(this.#target)) return true
    const objects = await this.engine.execute<{ type: string; name: string; virtual: number }>(leftOvers).fetchall()
    if (objects.length === 0) return true
    // Their own tables go with them, and in no order that is known.
    if (objects.some(({ virtual }) => virtual === 1)) return false
    const drops = objects.map(({ type, name }) => `drop ${type} "${name.replaceAll('"', '""')}";`)
    await this.engine.script(`pragma foreign_keys = off; begin immediate; ${drops.join(' ')} commit; pragma foreign_keys = on`)
    return true
  }

  /** Gives the files that a clean close should have removed. */
  async close(): Promise<readonly string[]> {
    await this.engine.close()
    return this.#folder === undefined ? [] : removeFolder(this.#folder)
  }
}

export function sqliteUrl({ driver }: Target, file: string | undefined): string {
  return file === undefined ? `sqlite+${driver}://` : `sqlite+${driver}:///${file}`
}

/** Removes a test's folder; gives what is there beside its database although no engine has that open. */
export function removeFolder(folder: string): readonly string[] {
  const left = ['-wal', '-shm', '-journal'].filter((end) => existsSync(join(folder, `test.db${end}`)))
  rmSync(folder, { recursive: true })
  return left
}

/** What a test has made; triggers and indexes go with their tables. */
const leftOvers = `select type, name, sql like 'create virtual%' as virtual from sqlite_schema
  where type in ('view', 'table') and name not like 'sqlite\\_%' escape '\\' order by type = 'table'`
