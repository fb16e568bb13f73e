import {
  bigInteger,
  boolean,
  date,
  dateTime,
  decimal,
  email,
  enumeration,
  float,
  foreignKey,
  integer,
  ipAddress,
  json,
  ModelRegistry,
  string,
  text,
  time,
  url,
  uuid,
  ValidationError,
} from 'offloop/orm'
import { inspect } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { statementsOf } from './statements-of.ts'

const circle: { self?: unknown } = {}
circle.self = circle

/** What a field that may be null is given, and what is stored: read back from the database. */
const taken: readonly (readonly [field: string, given: unknown, stored: unknown])[] = [
  ['name', '  x\0y ', 'xy'],
  ['name', ' \t\n ', null],
  ['name', '', null],
  ['name', 'é'.repeat(10), 'é'.repeat(10)],
  ['blank', '   ', ''],
  ['body', 'x'.repeat(5_000), 'x'.repeat(5_000)],
  ['code', 'ab-12', 'ab-12'],
  ['chosen', 'b', 'b'],
  ['whole', '12', 12],
  ['whole', ' 12 ', 12],
  ['whole', '1e1', 10],
  ['whole', 12.0, 12],
  ['whole', -0, 0],
  ['whole', '', null],
  ['bounded', 1, 1],
  ['bounded', 100, 100],
  ['between', 2, 2],
  ['between', 8, 8],
  ['big', 9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n],
  ['big', '-9223372036854775808', -9_223_372_036_854_775_808n],
  ['big', 5, 5n],
  ['big', '', null],
  ['ratio', '0.25', 0.25],
  ['ratio', -1e300, -1e300],
  ['ratio', '', null],
  ['rounded', 2.345, 2.35],
  ['rounded', -2.5, -2.5],
  ['rounded', '0.125', 0.13],
  ['rounded', -0.125, -0.13],
  ['tenths', 0.3, 0.3],
  ['tenths', 7.7, 7.7],
  ['price', 12.5, '12.50'],
  ['price', '-999.99', '-999.99'],
  ['price', '1.500', '1.50'],
  ['price', '.5', '0.50'],
  ['price', '+007', '7.00'],
  ['price', '-0.00', '0.00'],
  ['price', '-.5', '-0.50'],
  ['price', '', null],
  ['done', 'TRUE', true],
  ['done', 'on', true],
  ['done', '1', true],
  ['done', 1, true],
  ['done', 'False', false],
  ['done', 'off', false],
  ['done', '0', false],
  ['done', 0, false],
  ['done', '', null],
  ['done', 'null', null],
  ['done', 'none', null],
  ['sure', '', false],
  ['day', new Date('2024-02-29T23:59:59Z'), '2024-02-29'],
  ['at', '12:30', '12:30:00'],
  ['at', '12:30:15.5', '12:30:15.5'],
  ['moment', '2024-02-29T12:30:15Z', new Date('2024-02-29T12:30:15Z')],
  ['moment', '2024-02-29 12:30', new Date('2024-02-29T12:30:00Z')],
  ['moment', '2024-02-29T12:30:15.123+02:00', new Date('2024-02-29T10:30:15.123Z')],
  ['size', 'm', 'm'],
  ['uid', '0193E7A01C2D7E3F8A4B5C6D7E8F9A0B', '0193e7a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b'],
  ['mail', ' a.b+c@sub.example.org ', 'a.b+c@sub.example.org'],
  ['mail', '', null],
  ['link', 'https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
  ['link', 'ftp://example.com', 'ftp://example.com'],
  ['ip', '192.168.0.1', '192.168.0.1'],
  ['ip', '2001:db8::1', '2001:db8::1'],
  ['data', { a: [1, 'x', null, { b: true }] }, { a: [1, 'x', null, { b: true }] }],
  ['data', [], []],
  ['data', 'text', 'text'],
]

/** What is refused, with the code and the message that say why. */
const refused: readonly (readonly [field: string, given: unknown, code: string, message: string])[] = [
  ['strict', null, 'null', 'May not be null.'],
  ['strict', '', 'blank', 'Must not be blank.'],
  ['strict', ' \0 ', 'blank', 'Must not be blank.'],
  ['name', 5, 'type', 'Must be a string.'],
  ['name', ['x'], 'type', 'Must be a string.'],
  ['name', '\ud800', 'type', 'Must be a string.'],
  ['name', 'é'.repeat(11), 'max_length', 'Must have no more than 10 characters.'],
  ['code', 'a', 'min_length', 'Must have at least 3 characters.'],
  ['code', 'abc_', 'pattern', 'Must match the pattern /^[a-z0-9-]+$/.'],
  ['chosen', 'c', 'choice', 'Not a valid choice.'],
  ['whole', true, 'type', 'Must be a number.'],
  ['whole', 'twelve', 'type', 'Must be a number.'],
  ['whole', ' ', 'type', 'Must be a number.'],
  ['whole', [1], 'type', 'Must be a number.'],
  ['whole', 1.5, 'integer', 'Must be an integer.'],
  ['whole', '1.5', 'integer', 'Must be an integer.'],
  ['whole', 2 ** 53, 'integer', 'Must be an integer within 2^53.'],
  ['whole', Number.POSITIVE_INFINITY, 'finite', 'Must be finite.'],
  ['whole', Number.NaN, 'type', 'Must be a number.'],
  ['strictWhole', '', 'type', 'Must be a number.'],
  ['bounded', 0, 'minimum', 'Must be greater than or equal to 1.'],
  ['bounded', 101, 'maximum', 'Must be less than or equal to 100.'],
  ['between', 0, 'exclusive_minimum', 'Must be greater than 0.'],
  ['between', 10, 'exclusive_maximum', 'Must be less than 10.'],
  ['between', 3, 'multiple_of', 'Must be a multiple of 2.'],
  ['big', 2n ** 63n, 'maximum', 'Must be an integer of 64 bits.'],
  ['big', 1.5, 'integer', 'Must be an integer.'],
  ['big', 'x', 'type', 'Must be a number.'],
  ['bigBounded', 2n ** 53n + 1n, 'maximum', 'Must be less than or equal to 9007199254740992.'],
  ['bigBounded', 3n, 'multiple_of', 'Must be a multiple of 2.'],
  ['ratio', Number.NEGATIVE_INFINITY, 'finite', 'Must be finite.'],
  ['ratio', false, 'type', 'Must be a number.'],
  ['tenths', 0.35, 'multiple_of', 'Must be a multiple of 0.1.'],
  ['price', '1.234', 'precision', 'Must have no more than 2 decimal places.'],
  ['price', '1000', 'max_digits', 'Must have no more than 5 digits.'],
  ['price', 'x', 'type', 'Must be a number.'],
  ['price', '.', 'type', 'Must be a number.'],
  ['done', 2, 'type', 'Must be a boolean.'],
  ['done', 'yes', 'type', 'Must be a boolean.'],
  ['done', {}, 'type', 'Must be a boolean.'],
  ['day', '29.02.2024', 'format', 'Must be a valid date format.'],
  ['day', '2023-02-29', 'invalid', 'Must be a real date.'],
  ['day', new Date(Number.NaN), 'invalid', 'Must be a real date.'],
  ['at', '1230', 'format', 'Must be a valid time format.'],
  ['at', '24:00', 'invalid', 'Must be a real time.'],
  ['moment', '2024-02-29', 'format', 'Must be a valid datetime format.'],
  ['moment', 'yesterday', 'format', 'Must be a valid datetime format.'],
  ['moment', '2023-02-29T00:00:00Z', 'invalid', 'Must be a real datetime.'],
  ['moment', new Date(Number.NaN), 'invalid', 'Must be a real datetime.'],
  ['size', 'xl', 'choice', 'Not a valid choice.'],
  ['uid', '0193e7a0', 'format', 'Must be a valid UUID format.'],
  ['mail', 'a@b', 'format', 'Must be a valid email format.'],
  ['mail', `${'a'.repeat(300)}@example.org`, 'max_length', 'Must have no more than 255 characters.'],
  ['link', 'example.com', 'invalid', 'Must be a real URL.'],
  ['link', `https://example.com/${'x'.repeat(20)}`, 'max_length', 'Must have no more than 30 characters.'],
  ['ip', '192.168.0.256', 'format', 'Must be a valid IP format.'],
  ['ip', 'localhost', 'format', 'Must be a valid IP format.'],
  ['data', circle, 'type', 'Must be a value of JSON.'],
  ['data', 5n, 'type', 'Must be a value of JSON.'],
  ['owner', {}, 'type', 'Must be a Owner or its key.'],
  ['owner', 'x', 'type', 'Must be a number.'],
  ['strictOwner', null, 'null', 'May not be null.'],
]

describeDatabases((fixture) => {
  async function values() {
    const models = new ModelRegistry(fixture.engine())
    class Owner extends models.define('owners', { id: integer({ primaryKey: true }) }) {}
    class Value extends models.define('field_values', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 10, allowNull: true }),
      strict: string({ maxLength: 10, default: 'x' }),
      blank: string({ maxLength: 10, allowBlank: true }),
      body: text({ allowNull: true }),
      code: string({ maxLength: 10, minLength: 3, pattern: /^[a-z0-9-]+$/, allowNull: true }),
      chosen: string({ maxLength: 1, choices: ['a', 'b'], allowNull: true }),
      whole: integer({ allowNull: true }),
      strictWhole: integer({ default: 1 }),
      bounded: integer({ minimum: 1, maximum: 100, allowNull: true }),
      between: integer({ exclusiveMinimum: 0, exclusiveMaximum: 10, multipleOf: 2, allowNull: true }),
      big: bigInteger({ allowNull: true }),
      bigBounded: bigInteger({ maximum: 2 ** 53, multipleOf: 2, allowNull: true }),
      ratio: float({ allowNull: true }),
      rounded: float({ precision: 2, allowNull: true }),
      tenths: float({ multipleOf: 0.1, allowNull: true }),
      price: decimal({ maxDigits: 5, decimalPlaces: 2, allowNull: true }),
      done: boolean({ allowNull: true }),
      sure: boolean({ default: true }),
      day: date({ allowNull: true }),
      at: time({ allowNull: true }),
      moment: dateTime({ allowNull: true }),
      size: enumeration(['s', 'm'], { allowNull: true }),
      uid: uuid({ allowNull: true }),
      mail: email({ allowNull: true }),
      link: url({ maxLength: 30, allowNull: true }),
      ip: ipAddress({ allowNull: true }),
      data: json({ allowNull: true }),
      owner: foreignKey(() => Owner, { allowNull: true }),
      strictOwner: foreignKey(() => Owner),
    }) {}
    await models.createAll()
    const owner = await Owner.objects.create({})
    return { Value, Owner, owner }
  }

  test(`${taken.length} values are stored as their fields take them`, async () => {
    const { Value, owner } = await values()
    for (const [field, given, stored] of taken) {
      const created = await Value.objects.create({ strictOwner: owner.pk, [field]: given } as never)
      const read = (await Value.objects.get({ pk: created.pk as number })) as unknown as Record<string, unknown>
      expect({ field, given, value: read[field] }).toEqual({ field, given, value: stored })
      // What was created is what will be read.
      expect({ field, given, value: (created as unknown as Record<string, unknown>)[field] }).toEqual({ field, given, value: stored })
    }
  })

  test(`${refused.length} values are refused by create, update and bulkCreate, with the code and the message of their rule`, async () => {
    const { Value, owner } = await values()
    const instance = await Value.objects.create({ strictOwner: owner.pk as number })
    const uses: Readonly<Record<string, (input: object) => PromiseLike<unknown>>> = {
      create: (input) => Value.objects.create({ strictOwner: owner.pk, ...input } as never),
      bulkCreate: (input) => Value.objects.bulkCreate([{ strictOwner: owner.pk }, { strictOwner: owner.pk, ...input }] as never),
      set: (input) => Value.objects.filter({ pk: 1 }).update(input as never),
      instance: (input) => instance.update(input as never),
    }
    for (const [field, given, code, message] of refused) {
      for (const [use, run] of Object.entries(uses)) {
        let error: unknown
        const sent = await statementsOf(async () => {
          error = await rejectionOf(run({ [field]: given }))
        })
        expect({ use, given, errors: (error as ValidationError).errors }).toEqual({ use, given, errors: [{ field, code, message }] })
        expect(error).toBeInstanceOf(ValidationError)
        expect(sent).toEqual([])
      }
    }
    expect(await Value.objects.count()).toBe(1)
  })

  test('what is wrong with all fields is in one error, in the order of the fields and without a value', async () => {
    const { Value } = await values()
    const error = (await rejectionOf(
      Value.objects.create({ stray: 'secret', ip: 'secret', name: 'secret-secret', whole: 'secret' } as never),
    )) as ValidationError
    expect(error).toMatchObject({ code: 'OFFLOOP_VALIDATION', name: 'ValidationError' })
    expect(error.errors).toEqual([
      { field: 'stray', code: 'unknown', message: 'Unknown field.' },
      { field: 'name', code: 'max_length', message: 'Must have no more than 10 characters.' },
      { field: 'whole', code: 'type', message: 'Must be a number.' },
      { field: 'ip', code: 'format', message: 'Must be a valid IP format.' },
      { field: 'strictOwner', code: 'required', message: 'This field is required.' },
    ])
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('secret')
  })

  test('a foreign key takes an instance, a key or null', async () => {
    const { Value, Owner, owner } = await values()
    const byInstance = await Value.objects.create({ strictOwner: owner, owner: null })
    const byKey = await Value.objects.create({ strictOwner: owner.pk as number, owner: owner.pk as number })
    expect(byInstance.strictOwner).toBe(owner)
    expect(byInstance.owner).toBeNull()
    expect(byKey.owner).toBeInstanceOf(Owner)
    expect(await Value.objects.filter({ owner: null }).values('id')).toEqual([{ id: byInstance.pk }])
    expect(await Value.objects.filter({ owner }).values('id')).toEqual([{ id: byKey.pk }])
  })

  test('defaults are values or functions that are asked for each row', async () => {
    const models = new ModelRegistry(fixture.engine())
    let asked = 0
    class Row extends models.define('rows_with_defaults', {
      id: integer({ primaryKey: true }),
      fixed: string({ maxLength: 5, default: 'x' }),
      counted: integer({
        default: () => {
          asked += 1
          return asked
        },
      }),
      nothing: integer({ allowNull: true }),
      both: integer({ allowNull: true, default: 7 }),
      blank: text({ allowBlank: true }),
      data: json({ default: () => ({ list: [] }) }),
    }) {}
    await models.createAll()
    const rows = await Row.objects.bulkCreate([{}, {}, { counted: 50, fixed: 'y', both: null }])
    expect(rows.map(({ fixed, counted, nothing, both, blank }) => [fixed, counted, nothing, both, blank])).toEqual([
      ['x', 1, null, 7, ''],
      ['x', 2, null, 7, ''],
      ['y', 50, null, null, ''],
    ])
    expect(asked).toBe(2)
    expect(rows[0]?.data).not.toBe(rows[1]?.data)
    expect(await Row.objects.orderBy('id').values('counted', 'both')).toEqual([
      { counted: 1, both: 7 },
      { counted: 2, both: 7 },
      { counted: 50, both: null },
    ])
  })

  test('a default of JSON is a copy of its own for each row', async () => {
    const models = new ModelRegistry(fixture.engine())
    const initial = { list: [] as number[] }
    class Row extends models.define('documents', {
      id: integer({ primaryKey: true }),
      list: json({ default: [] }),
      data: json({ default: initial, onUpdate: initial }),
    }) {}
    await models.createAll()
    const first = await Row.objects.create({})
    ;(first.list as number[]).push(1)
    ;(first.data as typeof initial).list.push(2)
    const second = await Row.objects.create({})
    await second.update({ list: [3] })
    ;(second.data as typeof initial).list.push(4)
    await second.update({ list: [5] })
    expect(await Row.objects.orderBy('id').values('list', 'data')).toEqual([
      { list: [], data: { list: [] } },
      { list: [5], data: { list: [] } },
    ])
    expect(await Row.objects.create({})).toMatchObject({ list: [], data: { list: [] } })
    expect(initial.list).toEqual([])
  })

  test('unique and index are of the table', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Row extends models.define('rows_with_indexes', {
      id: integer({ primaryKey: true }),
      code: string({ maxLength: 5, unique: true }),
      kind: string({ maxLength: 5, index: true }),
    }) {}
    await models.createAll()
    await Row.objects.create({ code: 'a', kind: 'k' })
    await Row.objects.create({ code: 'b', kind: 'k' })
    expect(await rejectionOf(Row.objects.create({ code: 'a', kind: 'k' }))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    const indexes = await inspect(engine).indexes('rows_with_indexes')
    expect(indexes.some(({ columns, unique }) => columns.join() === 'kind' && !unique)).toBe(true)
    expect(await Row.objects.count()).toBe(2)
  })

  test('a column may be null only where its field may', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Row extends models.define('rows_with_nulls', {
      id: integer({ primaryKey: true }),
      always: integer(),
      sometimes: integer({ allowNull: true }),
    }) {}
    await models.createAll()
    const columns = await inspect(engine).columns(Row.table.name)
    expect(columns.map(({ name, nullable }) => [name, nullable])).toEqual([
      ['id', false],
      ['always', false],
      ['sometimes', true],
    ])
  })
})

describe('the maker of a field', () => {
  test('refuses options that it does not have or that contradict each other', () => {
    expect(() => string({} as never)).toThrow('maxLength')
    expect(() => decimal({ maxDigits: 5 } as never)).toThrow('{ maxDigits, decimalPlaces }')
    expect(() => integer({ primaryKey: true, allowNull: true })).toThrow('cannot be null')
    expect(() => date({ autoNow: true, autoNowAdd: true })).toThrow('cannot be both true')
    expect(() => float({ precision: -1 })).toThrow('decimal places')
    expect(() => integer({ precision: 2 } as never)).toThrow('has no option "precision"')
    expect(() => foreignKey(5 as never)).toThrow('takes a function that gives the model')
    expect(() => foreignKey('x', { onDelet: 'cascade' } as never)).toThrow('Did you mean "onDelete"?')
  })
})
