import { OffloopError } from '../errors.ts'

/** What is wrong with one parameter of a filter set. */
export interface FilterIssue {
  /** The parameter, and what is inside it: 'tags.0'. */
  readonly parameter: string
  /** In the words of whoever has validated it, which may repeat the value. */
  readonly message: string
}

/**
 * `OFFLOOP_FILTER`: parameters that a filter set does not take: one that it does not know, or values that its schema refuses. The message names
 * the parameters alone; `issues` says more.
 */
export class FilterError extends OffloopError {
  override readonly code = 'OFFLOOP_FILTER'
  readonly issues: readonly FilterIssue[]

  static {
    this.named('FilterError')
  }

  constructor(message: string, issues: readonly FilterIssue[]) {
    super(message)
    this.issues = Object.freeze([...issues])
  }
}
