import { createEngine } from 'offloop'
import { decimal, email, enumeration, foreignKey, integer, ModelRegistry, manyToMany, oneToOne, string } from 'offloop/orm'
import { expectTypeOf, test } from 'vitest'

/** Never called: it is there for the compiler, and would throw. */
function misspelledOptions(): void {
  // @ts-expect-error unique
  string({ maxLength: 5, uniqe: true })
  // @ts-expect-error allowNull
  integer({ default: 5, nullable: true })
  // @ts-expect-error minimum
  decimal({ maxDigits: 5, decimalPlaces: 2, min: 0 })
  // @ts-expect-error default
  enumeration(['a', 'b'], { index: true, defualt: 'a' })
  // @ts-expect-error onDelete
  foreignKey('users', { allowNull: true, ondelete: 'cascade' })
  // @ts-expect-error relatedName
  oneToOne('users', { allowNull: true, related_name: 'profile' })
  // @ts-expect-error relatedName
  manyToMany('users', { through: 'x', related_name: 'profile' })
  email({ allowNull: true, maxLength: 100 })
}

test('a misspelled option is one that the compiler does not know, beside others, too', () => {
  expectTypeOf(misspelledOptions).returns.toBeVoid()
})

const models = new ModelRegistry(createEngine('sqlite://'))
class Note extends models.define('notes', { id: integer({ primaryKey: true }), text: string({ maxLength: 9 }) }) {}

/** Never called: it is there for the compiler, and would throw. */
function lookupsOfNothing(query: { readonly text?: string }): void {
  // @ts-expect-error a lookup of undefined
  Note.objects.filter({ text: query.text })
  // @ts-expect-error a lookup of undefined
  Note.objects.exclude({ text__in: undefined })
  if (query.text !== undefined) Note.objects.filter({ text: query.text })
  Note.objects.filter({ text: null })
}

test('a lookup of undefined is one that the compiler refuses, as running it does', () => {
  expectTypeOf(lookupsOfNothing).parameter(0).toEqualTypeOf<{ readonly text?: string }>()
})
