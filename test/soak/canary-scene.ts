import { join } from 'node:path'
import { type AsyncEngine, createEngine, type EngineOptions, type Logger } from 'offloop'
import { urlOf } from './scratch.ts'

/** One way for a call to fail with a canary near, or to show what could hold one. It is to fail, or to show something. */
export type Path = (scene: Scene) => unknown

export type Paths = Readonly<Record<string, Path>>

/** Tables for every kind of constraint, on which the canary is told from a value that is there. */
const schema = `
  create table if not exists parent (id integer primary key);
  create table if not exists t (
    id text primary key, u text unique, n text not null default '', c text check (length(c) < 5),
    p integer references parent (id), d integer references parent (id) deferrable initially deferred
  ) strict;
  create table if not exists keyed (a text, b text, primary key (a, b)) without rowid;
  create table if not exists typed (i integer) strict;
  create table if not exists numbered (id integer primary key);
  create table if not exists folded (u text);
  create unique index if not exists on_expression on folded (lower(u) || 'x');
  create trigger if not exists refuse before insert on parent when new.id < 0 begin select raise(abort, 'refused by a trigger'); end;
  create virtual table if not exists search using fts5 (text);
  create virtual table if not exists old_search using fts4 (text);
`

/** Where a path runs: engines that are closed after it, a canary, and whoever looks at what is shown. */
export class Scene {
  readonly canary: string
  readonly driver: string
  readonly directory: string
  readonly show: (what: string, thing: unknown) => void
  readonly logger: Logger
  /** A module whose functions throw what says nothing of their arguments. */
  readonly fail = new URL('../faults/modules/fail.ts', import.meta.url)
  readonly #engines: AsyncEngine[] = []
  #shared: Promise<AsyncEngine> | null = null
  #files = 0

  constructor(place: Pick<Scene, 'canary' | 'driver' | 'directory' | 'show'>) {
    this.canary = place.canary
    this.driver = place.driver
    this.directory = place.directory
    this.show = place.show
    const log = (...data: unknown[]): void => this.show('what the logger is told', data)
    this.logger = { debug: log, info: log, warn: log, error: log }
  }

  /** An engine on a file with the schema, for paths that leave it as it is. */
  readonly engine = (): Promise<AsyncEngine> => {
    this.#shared ??= this.#openShared()
    return this.#shared
  }

  async #openShared(): Promise<AsyncEngine> {
    const engine = this.#create('shared.db', {})
    await engine.script(schema)
    const { canary } = this
    await engine.execute('insert into t (id, u) values (?, ?)', [canary, canary])
    await engine.execute('insert into keyed values (?, ?)', [canary, canary])
    await engine.execute('insert into folded values (?)', [canary])
    await engine.execute('insert into numbered values (1)')
    return engine
  }

  /** An engine of the path's own, on a new file with the schema. */
  readonly open = async (options: EngineOptions = {}): Promise<AsyncEngine> => {
    const engine = this.#create(`${++this.#files}.db`, options)
    await engine.script(schema)
    this.#engines.push(engine)
    return engine
  }

  #create(file: string, options: EngineOptions): AsyncEngine {
    return createEngine(urlOf(this.driver, join(this.directory, file)), { echo: true, logger: this.logger, ...options })
  }

  /** Closes what the last path has opened. */
  async leave(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close({ force: true })
  }

  async end(): Promise<void> {
    await this.leave()
    await (await this.#shared)?.close()
  }
}

/** A path for each of the cases. */
export function named<T>(prefix: string, cases: Readonly<Record<string, T>>, path: (each: T) => Path): Paths {
  return Object.fromEntries(Object.entries(cases).map(([name, each]) => [`${prefix} ${name}`.trim(), path(each)]))
}
