/** The time of day of this machine, for fields with `autoNow` and `autoNowAdd`: the only clock of the library that somebody can set. */
export function present(): Date {
  return new Date()
}
