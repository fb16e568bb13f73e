import { InvalidRequestError } from '../../errors.ts'
import { printableName } from '../../sql/nearest-name.ts'

/** What a database that was made here has as its comment. */
export const mark = 'made by createDatabase() of offloop'

export function alreadyThere(database: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(`There is a database ${printableName(database)} already: createDatabase() makes new ones only.`, { cause })
}

export function notThere(database: string): InvalidRequestError {
  return new InvalidRequestError(`There is no database ${printableName(database)} to drop.`)
}

export function notOurs(database: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(
    `The database ${printableName(database)} was not made by createDatabase(): it stays. Drop it by a statement of your own, if that is meant.`,
    { cause },
  )
}
