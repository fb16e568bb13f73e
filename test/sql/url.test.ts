import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../../src/errors.ts'
import { checkUrlOptions, EngineURL } from '../../src/sql/url.ts'

const SECRET = 's3cr3t-canary'

function parts(url: EngineURL) {
  const { dialect, driver, username, password, host, port, database, query } = url
  return { dialect, driver, username, password, host, port, database, query }
}

const NOTHING = { username: undefined, password: undefined, host: undefined, port: undefined, database: undefined, query: {} }

describe('an SQLite URL', () => {
  test.each([
    ['sqlite://', undefined],
    ['sqlite:///', undefined],
    ['sqlite:///:memory:', ':memory:'],
    ['sqlite:///relative.db', 'relative.db'],
    ['sqlite:///./a/../b.db', './a/../b.db'],
    ['sqlite:///../up.db', '../up.db'],
    ['sqlite:///%2e%2e/up.db', '../up.db'],
    ['sqlite:///%252e%252e/up.db', '%2e%2e/up.db'],
    ['sqlite:////absolute.db', '/absolute.db'],
    ['sqlite://///double.db', '//double.db'],
    ['sqlite:///C:\\data\\x.db', 'C:\\data\\x.db'],
    ['sqlite:///C:/data/x.db', 'C:/data/x.db'],
    ['sqlite:///file:x', 'file:x'],
    ['sqlite:///with space+plus#hash@at.db', 'with space+plus#hash@at.db'],
    ['sqlite:///caf%C3%A9.db', 'café.db'],
    ['sqlite:///50%25.db', '50%.db'],
    ['sqlite:///really%3Fodd.db', 'really?odd.db'],
  ])('%s means the database %j', (text, database) => {
    expect(parts(EngineURL.parse(text))).toEqual({ ...NOTHING, dialect: 'sqlite', driver: 'better-sqlite3', database })
  })

  test('names its driver', () => {
    expect(EngineURL.parse('sqlite+better-sqlite3:///x.db').driver).toBe('better-sqlite3')
    expect(EngineURL.parse('sqlite+node:///x.db').driver).toBe('node')
  })

  test('has options', () => {
    expect(EngineURL.parse('sqlite:///x.db?mode=ro').query).toEqual({ mode: 'ro' })
    expect(EngineURL.parse('sqlite://?mode=rw')).toMatchObject({ database: undefined, query: { mode: 'rw' } })
  })

  test.each([
    'sqlite://localhost/x.db',
    'sqlite://:memory:',
    'sqlite://x.db',
    'sqlite://user@/x.db',
    `sqlite://user:${SECRET}@host/x.db`,
    'sqlite:x.db',
    'sqlite:/x.db',
    'sqlite:///%00',
    'sqlite:///a%00b.db',
    'sqlite:///a\0b.db',
    'sqlite:///%',
    'sqlite:///%zz.db',
    'sqlite:///%ff.db',
    'sqlite:///x.db?mode=ro&mode=rw',
    'sqlite+pg:///x.db',
    'sqlite+:///x.db',
    'sqlite+node+node:///x.db',
  ])('%j is refused', (text) => {
    expect(() => EngineURL.parse(text)).toThrow(ArgumentError)
  })
})

describe("a server's URL", () => {
  test.each([
    ['postgresql://', {}],
    ['postgresql+pg://host', { host: 'host' }],
    ['postgresql://host/', { host: 'host' }],
    ['postgresql://host:5432/app', { host: 'host', port: 5432, database: 'app' }],
    ['postgresql://user@host/app', { username: 'user', host: 'host', database: 'app' }],
    ['postgresql://user:pass@host/app', { username: 'user', password: 'pass', host: 'host', database: 'app' }],
    ['postgresql://user:p%40ss%2Fw%3Ard%25@host/app', { username: 'user', password: 'p@ss/w:rd%', host: 'host', database: 'app' }],
    ['postgresql://user:p%2540@host', { username: 'user', password: 'p%40', host: 'host' }],
    ['postgresql://user:a:b@host', { username: 'user', password: 'a:b', host: 'host' }],
    ['postgresql://user:a@b@host', { username: 'user', password: 'a@b', host: 'host' }],
    ['postgresql://user:#+$&@host', { username: 'user', password: '#+$&', host: 'host' }],
    ['postgresql://user:@host', { username: 'user', password: '', host: 'host' }],
    ['postgresql://:pass@host', { password: 'pass', host: 'host' }],
    ['postgresql://[::1]:5433/app', { host: '::1', port: 5433, database: 'app' }],
    ['postgresql://[2001:db8::2]', { host: '2001:db8::2' }],
    ['postgresql://%2Fvar%2Frun/app', { host: '/var/run', database: 'app' }],
    ['postgresql:///app', { database: 'app' }],
    ['postgresql://host?a=1&b=x+y%2B', { host: 'host', query: { a: '1', b: 'x y+' } }],
  ])('%s is taken apart', (text, expected) => {
    expect(parts(EngineURL.parse(text))).toEqual({ ...NOTHING, dialect: 'postgresql', driver: 'pg', ...expected })
  })

  test('of PostgreSQL may have the short name', () => {
    for (const text of ['postgres://h/d', 'postgres+pg://h/d']) {
      expect(parts(EngineURL.parse(text))).toEqual({ ...NOTHING, dialect: 'postgresql', driver: 'pg', host: 'h', database: 'd' })
    }
    expect(EngineURL.parse('postgres://h/d').toString()).toBe('postgresql://h/d')
  })

  test('of MySQL and MariaDB is the same dialect', () => {
    for (const text of ['mysql://h/d', 'mariadb://h/d', 'mysql+mysql2://h/d', 'mariadb+mysql2://h/d']) {
      expect(parts(EngineURL.parse(text))).toEqual({ ...NOTHING, dialect: 'mysql', driver: 'mysql2', host: 'h', database: 'd' })
    }
  })
})

describe('what is refused', () => {
  test.each([
    `${SECRET}`,
    `oracle://user:${SECRET}@host`,
    `postgress://user:${SECRET}@host`,
    `user:${SECRET}@host`,
    `postgresql:user:${SECRET}@host`,
    `POSTGRESQL://user:${SECRET}@host`,
    ` postgresql://user:${SECRET}@host`,
    `postgresql+${SECRET}://host`,
    `postgresql+mysql2://user:${SECRET}@host`,
    `postgresql://user:${SECRET}%zz@host`,
    `postgresql://user:${SECRET}%@host`,
    `postgresql://user:${SECRET}%ff@host`,
    `postgresql://user:${SECRET}%00@host`,
    `postgresql://user:${SECRET}@host:port`,
    `postgresql://user:${SECRET}@host:0`,
    `postgresql://user:${SECRET}@host:65536`,
    `postgresql://user:${SECRET}@host:-1`,
    `postgresql://user:${SECRET}@host:1e3`,
    `postgresql://user:${SECRET}@[::1`,
    `postgresql://user:${SECRET}@[::1]x:5432`,
    `postgresql://user:${SECRET}@::1`,
    `postgresql://user:1/${SECRET}@host/app`,
    `postgresql://user:1?${SECRET}@host/app`,
    `postgresql://user:${SECRET}/x@host/app`,
    `postgresql://user:${SECRET}\ud800@host`,
    `postgresql://user:${SECRET}@host?a=1&a=2`,
    `postgresql://user:${SECRET}@host?a=%`,
    `sqlite://user:${SECRET}@/x.db`,
    `constructor://user:${SECRET}@host`,
    `__proto__://user:${SECRET}@host`,
  ])('%j, without a word of it in the error', (text) => {
    let refusal: unknown
    try {
      EngineURL.parse(text)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(ArgumentError)
    const printed = inspect(refusal, { depth: 10, showHidden: true }) + JSON.stringify(refusal)
    expect(printed.replaceAll(/^ +at .*$/gm, '')).not.toContain(SECRET)
    expect(refusal).not.toHaveProperty('input')
  })

  test.each([undefined, null, 1, {}, [], new URL('postgresql://host')])('no text: %o', (value) => {
    expect(() => EngineURL.parse(value as string)).toThrow(ArgumentError)
    expect(() => EngineURL.from(value as string)).toThrow(ArgumentError)
  })
})

describe('the password', () => {
  const url = EngineURL.parse(`postgresql://user:${SECRET}@host:5432/app`)
  const masked = 'postgresql://user:***@host:5432/app'

  test('is *** in every text of the URL', () => {
    expect(url.toString()).toBe(masked)
    expect(`${url}`).toBe(masked)
    expect(JSON.stringify({ url })).toBe(`{"url":"${masked}"}`)
    expect(inspect(url)).toBe(`EngineURL <${masked}>`)
    expect(url.render()).toBe(masked)
  })

  test('is in no property that a dump would find', () => {
    expect(inspect({ url }, { depth: 10, showHidden: true, getters: false })).not.toContain(SECRET)
    expect(inspect(url, { customInspect: false, showHidden: true, depth: 10 })).not.toContain(SECRET)
    expect(Reflect.ownKeys(url)).toEqual([])
    expect(JSON.stringify({ ...url })).toBe('{}')
  })

  test('is there for who asks for it', () => {
    expect(url.password).toBe(SECRET)
    expect(url.render({ hidePassword: false })).toBe(`postgresql://user:${SECRET}@host:5432/app`)
  })
})

describe('render', () => {
  test.each([
    'sqlite://',
    'sqlite:///relative.db',
    'sqlite:////absolute.db',
    'sqlite:///:memory:',
    'sqlite+node:///x.db?mode=ro',
    'sqlite:///50%25%3F.db',
    'postgresql://u%40:p%2F%3A%40%25@[::1]:5432/a%40b?x=1%26',
    'mysql://host',
    'mysql://:p@host',
  ])('gives %s back', (text) => {
    const url = EngineURL.parse(text)
    expect(url.render({ hidePassword: false })).toBe(text)
    expect(parts(EngineURL.parse(url.render({ hidePassword: false })))).toEqual(parts(url))
  })

  test('leaves out the default driver', () => {
    expect(EngineURL.parse('sqlite+better-sqlite3:///x.db').toString()).toBe('sqlite:///x.db')
  })

  test('can be read back, whatever the parts are', () => {
    const odd = ['a', ':', '@', '/', '?', '#', '%', '&', '=', '+', ' ', '[', ']', 'é', '😀', '\n', "'"]
    for (let index = 0; index < 500; index += 1) {
      const text = (salt: number) => Array.from({ length: 1 + (index % 5) }, (_, at) => odd[(index * salt + at * 7) % odd.length]).join('')
      const url = new EngineURL({
        ...{ dialect: 'postgresql', username: text(3), password: text(5), host: `h${index}`, port: 1 + index, database: text(11) },
        query: { [text(13)]: text(2) },
      })
      expect(parts(EngineURL.parse(url.render({ hidePassword: false })))).toEqual(parts(url))
      const file = new EngineURL({ dialect: 'sqlite', database: text(3) })
      expect(EngineURL.parse(file.toString()).database).toBe(text(3))
    }
  })
})

describe('an EngineURL', () => {
  test('cannot be changed', () => {
    const url = EngineURL.parse('sqlite:///x.db?mode=ro')
    expect(Object.isFrozen(url)).toBe(true)
    expect(() => Object.assign(url, { database: 'y' })).toThrow(TypeError)
    expect(() => Object.assign(url.query, { mode: 'rw' })).toThrow(TypeError)
  })

  test('is made into another by with()', () => {
    const url = EngineURL.parse('postgresql://user:pass@host/app')
    expect(url.with({ database: 'other', password: undefined }).toString()).toBe('postgresql://user@host/other')
    expect(url.with({ dialect: 'mysql' })).toMatchObject({ dialect: 'mysql', driver: 'mysql2', host: 'host' })
    expect(EngineURL.parse('sqlite+node:///x.db').with({ database: 'y.db' }).toString()).toBe('sqlite+node:///y.db')
    expect(url.toString()).toBe('postgresql://user:***@host/app')
    const bare = EngineURL.parse('postgresql://localhost/app')
    expect(bare.with({ username: 'ada', host: 'db', port: 123 }).toString()).toBe('postgresql://ada@db:123/app')
    expect(EngineURL.parse('sqlite:///x.db').with({ driver: 'node' }).toString()).toBe('sqlite+node:///x.db')
    expect(EngineURL.parse('sqlite:////abs/app').with({ database: '/abs/app_test' }).toString()).toBe('sqlite:////abs/app_test')
  })

  test.each([
    { dialect: 'oracle' },
    { dialect: 'toString' },
    { driver: 'pg' },
    { host: 'h' },
    { port: 1 },
    { database: 'a\0' },
    { databse: 'x' },
  ])('of SQLite refuses %j', (changes) => {
    expect(() => EngineURL.parse('sqlite:///x.db').with(changes as never)).toThrow(ArgumentError)
  })

  test.each([
    { port: 0 },
    { port: '5432' },
    { port: 1.5 },
    { host: 1 },
    { query: 'a=1' },
    { query: { a: 1 } },
    { query: { a: undefined } },
  ])('of a server refuses %j', (changes) => {
    expect(() => EngineURL.parse('mysql://host').with(changes as never)).toThrow(ArgumentError)
  })

  test('names a part that is misspelled', () => {
    expect(() => EngineURL.parse('sqlite://').with({ databse: 'x' } as never)).toThrow('Did you mean "database"?')
  })

  test('is passed on by from(), and told from what only looks like one', () => {
    const url = EngineURL.parse('sqlite://')
    expect(EngineURL.from(url)).toBe(url)
    expect(EngineURL.from('sqlite://')).toBeInstanceOf(EngineURL)
    expect(() => EngineURL.from(Object.create(EngineURL.prototype))).toThrow(ArgumentError)
  })
})

describe('the options of a URL', () => {
  const check = (text: string) => checkUrlOptions(EngineURL.parse(text))

  test.each([
    ...['sqlite:///x.db?mode=ro', 'sqlite:///x.db?mode=rw', 'sqlite:///x.db?mode=rwc', 'sqlite:///x.db', 'postgresql://host'],
    ...['disable', 'prefer', 'require', 'verify-ca', 'verify-full'].map((mode) => `postgresql://host?sslmode=${mode}`),
    'postgresql:///app?host=/var/run/postgresql&application_name=&options=-c%20geqo%3Doff&connect_timeout=10',
    'postgresql://host?sslrootcert=/a&sslcert=b%0Ac&sslkey=c',
    'postgresql://host?sslmode=require&channel_binding=require',
    ...['disabled', 'preferred', 'required', 'verify_ca', 'verify_identity'].map((mode) => `mysql://host?ssl-mode=${mode}`),
    'mysql://host?ssl-mode=REQUIRED',
    'mariadb:///app?socket=/run/mysqld/mysqld.sock&charset=utf8mb4&ssl-ca=a&ssl-cert=b&ssl-key=c',
  ])('of %s are known', (text) => {
    expect(() => check(text)).not.toThrow()
  })

  test.each([
    ['sqlite:///x.db?nativeBinding=/tmp/x.node', 'Unknown option "nativeBinding" in the sqlite URL.'],
    ['sqlite:///x.db?verbose=1', 'Unknown option "verbose"'],
    ['sqlite:///x.db?readonly=false', 'Unknown option "readonly"'],
    ['sqlite:///x.db?mod=ro', 'Did you mean "mode"?'],
    ['sqlite:///x.db?__proto__=1', 'Unknown option "__proto__"'],
    ['sqlite:///x.db?constructor=1', 'Unknown option "constructor"'],
    ['sqlite:///x.db?mode=memory', 'Option "mode" in the sqlite URL must be one of ro, rw, rwc.'],
    ['sqlite:///x.db?mode', 'Option "mode"'],
    ['sqlite:///:memory:?cache=shared', 'Unknown option "cache" in the sqlite URL.'],
    ['postgresql://host?hostaddr=1', 'Unknown option "hostaddr" in the postgresql URL.'],
    ['postgresql://host?sslmod=require', 'Did you mean "sslmode"?'],
    ['postgresql://host?schema=public', 'It may have sslmode, sslrootcert, sslcert, sslkey, channel_binding, application_name,'],
    [
      'postgresql://host?sslmode=yes',
      'Option "sslmode" in the postgresql URL must be one of disable, prefer, require, verify-ca, verify-full.',
    ],
    ['postgresql://host?connect_timeout=5s', 'Option "connect_timeout" in the postgresql URL must be a whole number of seconds.'],
    ['postgresql://host?connect_timeout=-1', 'Option "connect_timeout"'],
    ['postgresql://host?connect_timeout=', 'Option "connect_timeout"'],
    ['postgresql:///app?host=other', 'Option "host" in the postgresql URL must be an absolute path.'],
    ['mysql:///app?socket=mysqld.sock', 'Option "socket" in the mysql URL must be an absolute path.'],
    ['postgresql://host?ssl-mode=required', 'Unknown option "ssl-mode"'],
    [
      'mysql://host?ssl-mode=yes',
      'Option "ssl-mode" in the mysql URL must be one of disabled, preferred, required, verify_ca, verify_identity.',
    ],
    ['mysql://host?charset=latin1', 'Option "charset" in the mysql URL must be utf8mb4.'],
    ['mariadb://host?multipleStatements=true', 'Unknown option "multipleStatements" in the mysql URL.'],
    ['mysql://host?__proto__=1', 'Unknown option "__proto__"'],
  ])('of %s are refused by name', (text, message) => {
    expect(() => check(text)).toThrow(ArgumentError)
    expect(() => check(text)).toThrow(message)
  })

  test('are refused without their name when it is none, and always without their value', () => {
    expect(() => check('sqlite:///x.db?p%40ss%20word=1')).toThrow(/^Unknown option in the sqlite URL\.$/)
    for (const option of [
      'sqlite:///x.db?mode',
      'postgresql://host?sslmode',
      'postgresql://host?connect_timeout',
      'mysql://host?charset',
    ]) {
      expect(() => check(`${option}=${SECRET}`)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(SECRET) }))
    }
  })

  test('pollute nothing', () => {
    const { query } = EngineURL.parse('sqlite:///x.db?__proto__=polluted&constructor=x')
    expect(Object.keys(query)).toEqual(['__proto__', 'constructor'])
    expect('polluted' in {}).toBe(false)
  })
})
