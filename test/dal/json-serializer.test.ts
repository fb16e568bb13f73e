import { EngineURL } from 'offloop'
import { jsonSerializer } from 'offloop/dal'
import { expect, test } from 'vitest'

class Color {
  static readonly red = new Color('red')
  static readonly blue = new Color(2)
  readonly value: string | number
  constructor(value: string | number) {
    this.value = value
  }
}

const circle: { self?: unknown } = {}
circle.self = circle
const mapCircle = new Map<string, unknown>()
mapCircle.set('list', [new Set([mapCircle])])
const twice = { a: 1 }

test.for<[string, unknown, string]>([
  ['a Date keeps its time', { at: new Date(Date.UTC(2020, 0, 1, 12, 0, 0, 7)) }, '{"at":"2020-01-01T12:00:00.007Z"}'],
  ['a bigint keeps every digit', { n: 2n ** 63n - 1n }, '{"n":"9223372036854775807"}'],
  ['bytes are base64', [Buffer.from('hello'), new Uint8Array([255]), new Uint8Array([1, 2]).buffer], '["aGVsbG8=","/w==","AQI="]'],
  ['a member of an enumeration class is its value', [Color.red, Color.blue], '["red",2]'],
  ['an object with a value is an object', new Color('green'), '{"value":"green"}'],
  [
    'a Set is a list, and a Map an object',
    { s: new Set([1, 'a']), m: new Map([['x', new Date(0)]]) },
    '{"s":[1,"a"],"m":{"x":"1970-01-01T00:00:00.000Z"}}',
  ],
  ['undefined is left out of an object', { a: undefined, b: null }, '{"b":null}'],
  ['what has toJSON() is asked for it', EngineURL.parse('mysql://u:secret@h/d'), '"mysql://u:***@h/d"'],
  [
    'a name like __proto__ is one like any other',
    JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
    '{"__proto__":{"a":1},"constructor":2}',
  ],
  ['the same object twice is no circle', [twice, twice], '[{"a":1},{"a":1}]'],
  ['boxed values are values', [Object(1), Object('x'), Object(true)], '[1,"x",true]'],
  ['a value alone is a text too', 'x', '"x"'],
])('%s', ([, value, text]) => {
  expect(jsonSerializer(value)).toBe(text)
})

test.for<[string, unknown, RegExp]>([
  ['an object that holds itself', circle, /holds itself/],
  ['a Map that holds itself', mapCircle, /holds itself/],
  ['a function', { f: () => 1 }, /no place for a function/],
  ['a symbol', [Symbol('s')], /no place for a symbol/],
  ['undefined itself', undefined, /no place for undefined/],
  ['undefined in a list', [undefined], /no place for undefined/],
  ['a promise', { p: Promise.resolve(1) }, /await it first/],
  ['NaN', [Number.NaN], /no NaN/],
  ['infinity', [Number.POSITIVE_INFINITY], /no infinity/],
  ['an invalid Date', [new Date(Number.NaN)], /invalid Date/],
  ['a Map with other keys than texts', new Map([[1, 2]]), /expected texts/],
  ['numbers in a typed array', new Float64Array(1), /no place for/],
])('%s is refused in one sentence', ([, value, message]) => {
  expect(() => jsonSerializer(value)).toThrow(message)
})
