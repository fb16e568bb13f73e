import { randomUUID } from 'node:crypto'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import type { ServerTarget } from './target.ts'

/**
 * A database on one server that each test finds empty. For PostgreSQL it is a schema, which takes a tenth of the time that a database does,
 * unless whole databases are asked for.
 */
export class ServerDatabases {
  readonly #target: ServerTarget
  readonly #kind: 'schema' | 'database'
  readonly #name = `offloop_${randomUUID().replaceAll('-', '')}`
  #admin: AsyncEngine | undefined

  constructor(target: ServerTarget, whole: boolean) {
    this.#target = target
    this.#kind = target.driver === 'pg' && !whole ? 'schema' : 'database'
  }

  /** The schema in which the test that runs has its tables. */
  get schema(): string {
    return this.#target.driver === 'pg' && this.#kind === 'database' ? 'public' : this.#name
  }

  /** Of the database of the test that runs. */
  get url(): string {
    const url = EngineURL.parse(this.#target.server.url)
    return url
      .with(this.#kind === 'schema' ? { query: { ...url.query, options: `-c search_path=${this.#name}` } } : { database: this.#name })
      .render({ hidePassword: false })
  }

  /** Before the first test. */
  async create(): Promise<void> {
    // On this thread: the fixture looks for threads that outlive their engine.
    this.#admin = createEngine(this.#target.server.url, { placement: 'main', pool: { max: 1 } })
    await this.#admin.execute(`create ${this.#kind} ${this.#name}`)
  }

  /** Between two tests. Engines that have the database open may keep it, unless it is a whole one of PostgreSQL. */
  async empty(): Promise<void> {
    if (this.#admin === undefined) return
    if (this.#target.driver === 'mysql2') return dropAll(this.#admin, this.#name)
    await this.#drop()
    await this.#admin.execute(`create ${this.#kind} ${this.#name}`)
  }

  async end(): Promise<void> {
    if (this.#admin === undefined) return
    await this.#drop()
    await this.#admin.close()
  }

  async #drop(): Promise<void> {
    await this.#admin?.execute(`drop ${this.#kind} ${this.#name}${this.#kind === 'schema' ? ' cascade' : ''}`)
  }
}

/** A connection loses a database of MySQL that is dropped, also when it is made again. */
async function dropAll(admin: AsyncEngine, database: string): Promise<void> {
  const made = `select table_type as type, table_name as name from information_schema.tables where table_schema = :database
    union all select routine_type, routine_name from information_schema.routines where routine_schema = :database`
  const objects = await admin.execute<{ type: string; name: string }>(made, { database }).fetchall()
  if (objects.length === 0) return
  const drops = objects.map(({ type, name }) => {
    const kind = /TABLE|VERSIONED/.test(type) ? 'table' : type
    return `drop ${kind} \`${database}\`.\`${name.replaceAll('`', '``')}\``
  })
  await admin.script(`set foreign_key_checks = 0; ${drops.join('; ')}; set foreign_key_checks = 1`)
}
