import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { dialectFor } from '../../src/sql/dialect.ts'
import { toWireValue } from '../../src/sql/parameters.ts'
import { Random, seed } from '../soak/random.ts'

const sqlite = dialectFor('sqlite')
const bind = (value: unknown) => toWireValue(value, 2, sqlite)

describe('what SQL knows', () => {
  test.each([
    null,
    0,
    1,
    -1,
    1.5,
    -0,
    Number.MAX_SAFE_INTEGER,
    2 ** 53,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2n ** 63n - 1n,
    -(2n ** 63n),
    '',
    'text',
    'NUL \0 inside',
    '😀',
  ])('%p crosses as it is', (value) => {
    expect(bind(value)).toBe(value)
  })

  test('a boolean is 1 or 0 where the database has none', () => {
    expect([bind(true), bind(false)]).toEqual([1, 0])
    expect(toWireValue(true, 1, dialectFor('postgresql'))).toBe(true)
  })

  test('a Date is its UTC text, whatever its methods were made to say', () => {
    const date = new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 123))
    date.toISOString = () => 'lie'
    expect(bind(date)).toBe('2024-02-29T12:30:15.123Z')
    expect(bind(runInNewContext('new Date(0)'))).toBe('1970-01-01T00:00:00.000Z')
  })
})

describe('bytes', () => {
  test('are copied into an array of exactly their size', () => {
    const pooled = Buffer.from('hello')
    const copy = bind(pooled) as Uint8Array
    pooled[0] = 0
    expect(copy).toEqual(new Uint8Array([104, 101, 108, 108, 111]))
    expect(copy.constructor).toBe(Uint8Array)
    expect(copy.buffer.byteLength).toBe(5)
  })

  test('of part of a buffer are that part', () => {
    expect(bind(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(new Uint8Array([2, 3]))
  })

  test('of an ArrayBuffer are all of it', () => {
    const buffer = new Uint8Array([1, 2, 3]).buffer
    const copy = bind(buffer) as Uint8Array
    expect(copy).toEqual(new Uint8Array([1, 2, 3]))
    expect(copy.buffer).not.toBe(buffer)
  })

  test('of a view of shared memory do not follow later writes', () => {
    const view = new Uint8Array(new SharedArrayBuffer(3)).fill(7)
    const copy = bind(view) as Uint8Array
    view.fill(9)
    expect(copy).toEqual(new Uint8Array([7, 7, 7]))
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer)
  })

  test('may be none', () => {
    expect(bind(new Uint8Array(0))).toEqual(new Uint8Array(0))
  })

  test('that were transferred away are refused', () => {
    const view = new Uint8Array(8)
    const buffer = view.buffer
    structuredClone(buffer, { transfer: [buffer] })
    expect(() => bind(view)).toThrow(new TypeError('Parameter 2 is a detached buffer: its bytes were transferred elsewhere.'))
    expect(() => bind(buffer)).toThrow(TypeError)
  })

  test('beyond 1,000,000,000 are refused before they are copied', () => {
    const huge = new Uint8Array(new ArrayBuffer(1_000_000_001))
    expect(() => bind(huge)).toThrow(new RangeError('Parameter 2 is longer than 1,000,000,000 bytes.'))
  })
})

describe('what is out of range', () => {
  test.each([
    ['NaN', Number.NaN],
    ['a bigint above 64 bits', 2n ** 63n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['an invalid Date', new Date(Number.NaN)],
    ['a lone surrogate', 'a\udc00b'],
  ])('%s is a RangeError with the position', (_, value) => {
    expect(() => bind(value)).toThrow(RangeError)
    expect(() => bind(value)).toThrow(/^Parameter 2 /)
  })

  test('random UTF-16 text is either refused or unchanged', () => {
    const random = new Random(seed)
    for (let index = 0; index < 2_000; index += 1) {
      const units = Array.from({ length: 6 }, () => (random.next() < 0.4 ? 0xd800 + random.below(0x800) : 0x41))
      const text = String.fromCharCode(...units)
      if (text.isWellFormed()) expect(bind(text)).toBe(text)
      else expect(() => bind(text)).toThrow(RangeError)
    }
  })
})

describe('what SQL does not know', () => {
  class Point {
    x = 1
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const hostile = new Proxy(new Date(), {
    get() {
      throw new Error('trap')
    },
    getPrototypeOf() {
      throw new Error('trap')
    },
  })
  const lying = Object.create({
    get constructor() {
      throw new Error('getter')
    },
  })

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an object of class Map', new Map()],
    ['an object of class RegExp', /x/],
    ['an object of class Promise', Promise.resolve(1)],
    ['an object of class Point', new Point()],
    ['a boxed Number', Object(1)],
    ['a boxed String', Object('x')],
    ['an object of class Float64Array', new Float64Array(1)],
    ['an object of class Uint8ClampedArray', new Uint8ClampedArray(1)],
    ['an object of class DataView', new DataView(new ArrayBuffer(1))],
    ['an object of class SharedArrayBuffer', new SharedArrayBuffer(1)],
    ['a Proxy', new Proxy({}, {})],
    ['a Proxy', new Proxy(new Uint8Array(1), {})],
    ['a Proxy', revoked.proxy],
    ['a Proxy', hostile],
    ['an object', lying],
    ['an object of class Date', Object.create(Date.prototype)],
    ['an object of class Uint8Array', Object.create(Uint8Array.prototype)],
  ])('%s is a TypeError', (found, value) => {
    const expected = 'expected null, boolean, number, bigint, string, Date, Uint8Array, Buffer or ArrayBuffer.'
    expect(() => bind(value)).toThrow(new TypeError(`Parameter 2 is ${found}: ${expected}`))
  })

  test.each([
    [
      'an array',
      [1],
      'A list becomes one parameter for each of its values by join() inside of sql`…`. As JSON it is JSON.stringify(list).',
    ],
    ['a plain object', {}, 'As JSON it is JSON.stringify(object).'],
    ['a plain object', Object.create(null), 'As JSON it is JSON.stringify(object).'],
  ])('%s is one that says what is likely meant', (found, value, advice) => {
    const expected = 'expected null, boolean, number, bigint, string, Date, Uint8Array, Buffer or ArrayBuffer.'
    expect(() => bind(value)).toThrow(new TypeError(`Parameter 2 is ${found}: ${expected} ${advice}`))
  })

  test('is named by its name, where it has one', () => {
    expect(() => toWireValue(undefined, 'city', sqlite)).toThrow(/^Parameter "city" is undefined: expected /)
  })

  test('a message never shows the value', () => {
    const secret = 's3cr3t-canary'
    for (const value of [{ secret }, [secret], `${secret}\ud800`, Symbol(secret), Object(secret), new Map([[secret, secret]])]) {
      expect(() => bind(value)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(secret) }))
    }
  })
})
