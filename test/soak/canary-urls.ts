import { createEngine, EngineURL, type EngineURLParts } from 'offloop'
import { named, type Paths, type Scene } from './canary-scene.ts'

// A password in a URL: refused in many ways, or taken and shown.

const refused: Readonly<Record<string, (password: string) => string>> = {
  'a user where SQLite has none': (password) => `sqlite://user:${password}@host/file.db`,
  'a host where SQLite has none': (password) => `sqlite://${password}/file.db`,
  'an unknown driver': (password) => `sqlite+nodriver://:${password}@/file.db`,
  'the password as driver': (password) => `postgresql+${password}://user@host/db`,
  'an unknown dialect': (password) => `nodialect://user:${password}@host/file.db`,
  'the password as dialect': (password) => `${password}://user@host/file.db`,
  'no dialect': (password) => `//user:${password}@host/db`,
  'no scheme': (password) => `user:${password}@host/db`,
  'one slash too few': (password) => `postgresql:/user:${password}@host/db`,
  'a port that is too large': (password) => `postgresql://user:${password}@host:99999999/db`,
  'a port of 0': (password) => `mysql://user:${password}@host:0/db`,
  'a port that is no number': (password) => `postgresql://user:${password}@host:port/db`,
  'the password as port': (password) => `postgresql://user@host:${password}/db`,
  'a bad percent in the password': (password) => `postgresql://user:${password}%zz@host/db`,
  'half a percent at the end of the password': (password) => `mysql://user:${password}%@host/db`,
  'bytes that are no UTF-8': (password) => `postgresql://user:${password}%ff@host/db`,
  'a NUL in the password': (password) => `postgresql://user:${password}%00@host/db`,
  'half a surrogate pair in the password': (password) => `postgresql://user:${password}\ud800@host/db`,
  'a bracket that is not closed': (password) => `postgresql://user:${password}@[::1/db`,
  'text behind the bracket': (password) => `postgresql://user:${password}@[::1]x/db`,
  'a bad percent in the host': (password) => `postgresql://user:${password}@ho%st/db`,
  'a slash in the password': (password) => `postgresql://user:${password}/more@host/db`,
  'a question mark in the password': (password) => `postgresql://user:${password}?more@host/db`,
  'an unknown option': (password) => `postgresql://user:${password}@host/db?nooption=1`,
  'the password as option': (password) => `sqlite:///file.db?password=${password}`,
  'the password as a name of an option': (password) => `sqlite:///file.db?${password}%20=1`,
  'an option given twice': (password) => `postgresql://user:${password}@host/db?a=1&a=${password}`,
  'a bad percent in an option': (password) => `mysql://user:${password}@host/db?x=%`,
  'a value that is none of the option': (password) => `sqlite:///file.db?mode=${password}`,
  'a NUL in the database': (password) => `mysql://user:${password}@host/db%00`,
}

const parts: Readonly<Record<string, (password: string) => unknown>> = {
  'of an unknown dialect': (password) => ({ dialect: 'oracle', password }),
  'with the password as dialect': (password) => ({ dialect: password }),
  'with the password as driver': (password) => ({ dialect: 'mysql', driver: password }),
  'with the password as port': (password) => ({ dialect: 'mysql', port: password }),
  'with a list as password': (password) => ({ dialect: 'mysql', password: [password] }),
  'with the password as query': (password) => ({ dialect: 'mysql', query: password }),
  'with the password in the query': (password) => ({ dialect: 'mysql', query: { a: { password } } }),
  'of SQLite with a password': (password) => ({ dialect: 'sqlite', password }),
  'with a NUL behind the password': (password) => ({ dialect: 'mysql', password: `${password}\0` }),
  'with half a surrogate pair behind the password': (password) => ({ dialect: 'mysql', password: `${password}\ud800` }),
  'with an unknown part': (password) => ({ dialect: 'mysql', pasword: password }),
}

const taken = (password: string): EngineURL => EngineURL.parse(`postgresql://user:${password}@host:5432/db`)

async function connects(scene: Scene, url: string | EngineURL): Promise<unknown> {
  const engine = createEngine(url)
  try {
    scene.show('the engine', engine)
    scene.show('its URL', engine.url)
    scene.show('its status', engine.status())
    const connecting = engine.connect()
    scene.show('the promise of a connection', connecting)
    return await connecting
  } finally {
    await engine.close()
  }
}

const shown: Paths = {
  'a URL is shown': ({ canary, show }) => {
    const url = taken(canary)
    show('the URL', url)
    show('text', [`${url}`, url.toString(), url.toJSON(), url.render()])
    show('copies', [{ ...url }, Object.assign({}, url), Object.entries(url)])
  },
  'a URL is changed by with()': ({ canary, show }) => show('the URL', taken('other').with({ password: canary, port: 1 })),
  'a URL is made of parts': ({ canary, show }) => show('the URL', new EngineURL({ dialect: 'mysql', password: canary })),
  'with() is given an unknown part': ({ canary }) => taken(canary).with({ passwrod: canary } as Partial<EngineURLParts>),
  'with() is given a bad port': ({ canary }) => taken(canary).with({ port: 0 }),
  'with() makes an SQLite URL': ({ canary }) => taken(canary).with({ dialect: 'sqlite' }),
  'createEngine is given an object that looks like a URL': ({ canary }) =>
    createEngine({ dialect: 'postgresql', password: canary } as unknown as EngineURL),
  'createEngine is given a URL of the web': ({ canary }) => createEngine(new URL(`https://user:${canary}@host/`) as unknown as EngineURL),
  'createEngine is given a bad option beside a password': ({ canary }) => createEngine(taken(canary), { readers: 1 }),
  'the driver of a server is missing': (scene) => connects(scene, taken(scene.canary)),
  'the driver of a server is missing, another dialect': (scene) => connects(scene, `mysql://user:${scene.canary}@host/db`),
  'a transaction begins on a server that is not there': async ({ canary }) => {
    await using engine = createEngine(taken(canary), { pool: { acquireTimeoutMs: 5_000 } })
    await engine.transaction(async () => {})
  },
  'a statement is sent to a server that is not there': async ({ canary }) => {
    await using engine = createEngine(taken(canary))
    await engine.execute('select $1', [canary])
  },
  'a driver comes from an address with a password': async ({ canary }) => {
    await using engine = createEngine('sqlite://', { driver: `https://user:${canary}@host/driver.js` })
    await engine.connect()
  },
  'a setup module comes from an address with a password': async ({ canary, driver }) => {
    await using engine = createEngine(`sqlite+${driver}://`, { setup: new URL(`https://user:${canary}@host/setup.js`) })
    await engine.connect()
  },
  'a module of call() comes from an address with a password': async ({ canary, driver }) => {
    await using engine = createEngine(`sqlite+${driver}://`)
    await engine.call(new URL(`https://user:${canary}@host/module.js`), 'run')
  },
}

export const urlPaths: Paths = {
  ...named('a URL with', refused, (url) => (scene) => connects(scene, url(scene.canary))),
  ...named(
    'parts of a URL',
    parts,
    (make) =>
      ({ canary }) =>
        new EngineURL(make(canary) as EngineURLParts),
  ),
  ...shown,
}
