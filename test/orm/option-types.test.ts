import { decimal, email, enumeration, foreignKey, integer, manyToMany, oneToOne, string } from 'offloop/orm'
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
