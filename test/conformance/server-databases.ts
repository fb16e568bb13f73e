import { randomUUID } from 'node:crypto'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import type { ServerTarget } from './target.ts'

/** A database for each test on one server: a schema of PostgreSQL, which takes a tenth of the time that a database does, or one of MySQL. */
export class ServerDatabases {
  readonly #target: ServerTarget
  readonly #name = `offloop_${randomUUID().replaceAll('-', '')}`
  #admin: AsyncEngine | undefined
  #tests = 0

  constructor(target: ServerTarget) {
    this.#target = target
  }

  /** The schema or the database of the test that runs. */
  get current(): string {
    return `${this.#name}_${this.#tests}`
  }

  get #kind(): 'schema' | 'database' {
    return this.#target.driver === 'pg' ? 'schema' : 'database'
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
