import { OffloopError } from '../errors.ts'

/** `OFFLOOP_NO_MATCH`: one instance was asked for, and no row matches. */
export class NoMatch extends OffloopError {
  override readonly code = 'OFFLOOP_NO_MATCH'
  static {
    this.named('NoMatch')
  }
}

/** `OFFLOOP_MULTIPLE_MATCHES`: one instance was asked for, and several rows match. */
export class MultipleMatches extends OffloopError {
  override readonly code = 'OFFLOOP_MULTIPLE_MATCHES'
  static {
    this.named('MultipleMatches')
  }
}
