import { randomUUID } from 'node:crypto'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import type { ServerTarget } from './target.ts'

/**
 * A database for each test on one server. For PostgreSQL it is a schema, which takes a tenth of the time that a database does, unless whole
 * databases are asked for.
 */
export class ServerDatabases {
  readonly #target: ServerTarget
  readonly #kind: 'schema' | 'database'
  readonly #name = `offloop_${randomUUID().replaceAll('-', '')}`
  #admin: AsyncEngine | undefined
  #tests = 0

  constructor(target: ServerTarget, whole: boolean) {
    this.#target = target
    this.#kind = target.driver === 'pg' && !whole ? 'schema' : 'database'
  }

  /** The schema in which the test that runs has its tables. */
  get schema(): string {
    return this.#target.driver === 'pg' && this.#kind === 'database' ? 'public' : this.current
  }

  /** The schema or the database of the test that runs. */
  get current(): string {
    return `${this.#name}_${this.#tests}`
  }

  /** Of the database of the test that runs. */
  get url(): string {
    const url = EngineURL.parse(this.#target.server.url)
    return url
      .with(this.#kind === 'schema' ? { query: { ...url.query, options: `-c search_path=${this.current}` } } : { database: this.current })
      .render({ hidePassword: false })
  }

  async create(): Promise<void> {
    // On this thread: the fixture looks for threads that outlive their engine.
    this.#admin ??= createEngine(this.#target.server.url, { placement: 'main', pool: { max: 1 } })
    this.#tests++
    await this.#admin.execute(`create ${this.#kind} ${this.current}`)
  }

  async drop(): Promise<void> {
    await this.#admin?.execute(`drop ${this.#kind} ${this.current}${this.#kind === 'schema' ? ' cascade' : ''}`)
  }

  async end(): Promise<void> {
    await this.#admin?.close()
  }
}
