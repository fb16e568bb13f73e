/** The time of day of this machine, for columns that say when a row was written or deleted: the only clock of the library that somebody can set. */
export function present(): Date {
  return new Date()
}

/** Gives the same moment each time, that of the first: all columns of one row tell one time. A Date of its own for each of them. */
export function oneMoment(): () => Date {
  let at: number | undefined
  return () => {
    at ??= present().getTime()
    return new Date(at)
  }
}
