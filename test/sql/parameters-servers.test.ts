import { describe, expect, test } from 'vitest'
import { type DialectName, dialectFor } from '../../src/sql/dialect.ts'
import { toWireValue } from '../../src/sql/parameters.ts'

const bind = (dialect: DialectName, value: unknown) => toWireValue(value, 1, dialectFor(dialect))

test('a boolean is one on a server', () => {
  expect([bind('postgresql', true), bind('mysql', false)]).toEqual([true, false])
})

test('a Date is its UTC text, as the database reads it', () => {
  const date = new Date(Date.UTC(2024, 1, 29, 23, 59, 59, 7))
  expect(bind('sqlite', date)).toBe('2024-02-29T23:59:59.007Z')
  expect(bind('postgresql', date)).toBe('2024-02-29T23:59:59.007Z')
  expect(bind('mysql', date)).toBe('2024-02-29 23:59:59.007')
})

test('an infinite number is refused where there is none', () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect([bind('sqlite', value), bind('postgresql', value)]).toEqual([value, value])
    expect(() => bind('mysql', value)).toThrow(new RangeError('Parameter 1 is infinite: mysql has no such number.'))
  }
  for (const dialect of ['postgresql', 'mysql'] as const) expect(() => bind(dialect, Number.NaN)).toThrow(RangeError)
})

test.each([
  ['sqlite', 2n ** 63n - 1n, -(2n ** 63n)],
  ['postgresql', 2n ** 63n - 1n, -(2n ** 63n)],
  ['mysql', 2n ** 64n - 1n, -(2n ** 63n)],
] as const)('a bigint of %s is itself from %d to %d', (dialect, max, min) => {
  expect([bind(dialect, max), bind(dialect, min)]).toEqual([max, min])
  for (const value of [max + 1n, min - 1n]) {
    if (dialect === 'postgresql') expect(bind(dialect, value)).toBe(`${value}`)
    else expect(() => bind(dialect, value)).toThrow(new RangeError('Parameter 1 is a bigint beyond 64 bits.'))
  }
})

test('a text with a NUL is refused where the server cannot store it', () => {
  expect([bind('sqlite', 'a\0'), bind('mysql', 'a\0')]).toEqual(['a\0', 'a\0'])
  expect(() => bind('postgresql', 'secret\0')).toThrow(
    new RangeError('Parameter 1 holds a NUL character: postgresql cannot store it in a text.'),
  )
})

describe('an array', () => {
  test('is a value on PostgreSQL, its elements checked and copied as single values are', () => {
    const bytes = new Uint8Array([1, 2])
    const list = [1, 'a', null, true, new Date(0), bytes, 2n ** 70n, [], [1.5, ['x']]]
    const bound = bind('postgresql', list) as unknown[]
    expect(bound).toEqual([1, 'a', null, true, '1970-01-01T00:00:00.000Z', bytes, `${2n ** 70n}`, [], [1.5, ['x']]])
    expect(bound).not.toBe(list)
    expect(bound[5]).not.toBe(bytes)
    expect(structuredClone(bound)).toEqual(bound)
  })

  test('is none on the others', () => {
    for (const dialect of ['sqlite', 'mysql'] as const) {
      expect(() => bind(dialect, [1])).toThrow(/^Parameter 1 is an array: expected null, .* or ArrayBuffer\. A list becomes .*\.$/)
    }
  })

  test('is refused with the place of what is wrong in it', () => {
    const expected = 'expected null, boolean, number, bigint, string, Date, Uint8Array, Buffer or ArrayBuffer, or an array of these.'
    expect(() => bind('postgresql', [1, undefined])).toThrow(new TypeError(`Parameter 1, element 2 is undefined: ${expected}`))
    expect(() => bind('postgresql', [[1], ['a', Number.NaN]])).toThrow(/^Parameter 1, element 2, element 2 is NaN/)
    expect(() => toWireValue(['a\0'], 'ids', dialectFor('postgresql'))).toThrow(/^Parameter "ids", element 1 holds a NUL character/)
    expect(() => bind('postgresql', new Array(1))).toThrow(/^Parameter 1, element 1 is undefined/)
    for (const value of [{}, new Map(), new Float64Array(1), new Proxy([], {}), [new Proxy([], {})]]) {
      expect(() => bind('postgresql', value)).toThrow(TypeError)
    }
    const revoked = Proxy.revocable([], {})
    revoked.revoke()
    expect(() => bind('postgresql', revoked.proxy)).toThrow('Parameter 1 is a Proxy')
  })

  test('has six dimensions at most, so that one inside itself has an end', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(() => bind('postgresql', endless)).toThrow(RangeError)
    expect(bind('postgresql', [[[[[[1]]]]]])).toEqual([[[[[[1]]]]]])
    expect(() => bind('postgresql', [[[[[[[1]]]]]]])).toThrow(/6 dimensions at most/)
  })
})
