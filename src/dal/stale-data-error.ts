import { OffloopError } from '../errors.ts'

/** `OFFLOOP_STALE_DATA`: the row has another version than the one that was to be changed: somebody else was quicker. Read it again. */
export class StaleDataError extends OffloopError {
  override readonly code = 'OFFLOOP_STALE_DATA'
  static {
    this.named('StaleDataError')
  }
}
