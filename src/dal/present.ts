/** The time of day of this machine, for columns that say when a row was deleted: a clock that somebody can set. */
export function present(): Date {
  return new Date()
}
