/**
 * What all handles of one borrower hold, and nothing else: connection, branches, transactions, results, streams. When it is collected, no
 * handle is left through which the connection could be used or given back.
 */
export class Lifeline {}

const forgotten = new FinalizationRegistry<() => void>((release) => release())

/** Calls `release` some time after the last handle has been forgotten. Neither `release` nor `borrower` may lead to a handle. */
export function watchLifeline(borrower: object, release: () => void): Lifeline {
  const lifeline = new Lifeline()
  forgotten.register(lifeline, release, borrower)
  return lifeline
}

/** The borrower has given back what he had by himself. */
export function unwatchLifeline(borrower: object): void {
  forgotten.unregister(borrower)
}
