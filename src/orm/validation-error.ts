import { OffloopError } from '../errors.ts'

/** What is wrong with one field. No value is shown. */
export interface FieldError {
  readonly field: string
  /** `required`, `null`, `blank`, `max_length`, … */
  readonly code: string
  readonly message: string
}

/** `OFFLOOP_VALIDATION`: values that a model does not take; nothing was sent. It holds what is wrong with each of the fields. */
export class ValidationError extends OffloopError {
  override readonly code = 'OFFLOOP_VALIDATION'
  readonly errors: readonly FieldError[]

  static {
    this.named('ValidationError')
  }

  constructor(model: string, errors: readonly FieldError[]) {
    super(`${model}: ${errors.map(({ field, message }) => `${field}: ${message}`).join(' ')}`)
    this.errors = Object.freeze(errors.map((error) => Object.freeze({ ...error })))
  }
}
