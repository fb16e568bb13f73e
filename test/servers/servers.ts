import { type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach } from 'vitest'
import { describeOnServer, type ServerName, testServers } from '../test-servers.ts'

/** One server that the tests use, and what differs between them. */
export class Server {
  readonly name: ServerName
  readonly url: string
  readonly #engines: AsyncEngine[] = []
  readonly #tables: string[] = []

  constructor(name: ServerName) {
    this.name = name
    this.url = testServers[name].url
  }

  /** An engine that is closed after the test. */
  engine(options?: EngineOptions): AsyncEngine {
    const engine = createEngine(this.url, options)
    this.#engines.push(engine)
    return engine
  }

  /** The name of a table that is dropped after the test. */
  table(name: string): string {
    const unique = `offloop_${name}_${process.pid}_${Math.floor(performance.now() * 1_000)}`
    this.#tables.push(unique)
    return unique
  }

  async cleanUp(): Promise<void> {
    const tables = this.#tables.splice(0)
    if (tables.length > 0) {
      await using engine = createEngine(this.url)
      for (const table of tables) await engine.execute(`drop table if exists ${table}`)
    }
    await Promise.all(this.#engines.splice(0).map((engine) => engine.close({ force: true })))
  }
}

/** Runs the tests on each server; where there is none it says so, unless `OFFLOOP_TEST_REQUIRE` names it: then that is a failure. */
export function describeServers(tests: (server: Server) => void, names: readonly ServerName[] = ['postgresql', 'mysql']): void {
  for (const name of names) {
    describeOnServer(testServers[name], name, () => {
      const server = new Server(name)
      afterEach(() => server.cleanUp())
      tests(server)
    })
  }
}
