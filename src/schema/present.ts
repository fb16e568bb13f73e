/** The time of day of this machine, for columns that say when a row was written or deleted: the only clock of the library that somebody can set. */
export function present(): Date {
  return new Date()
}
