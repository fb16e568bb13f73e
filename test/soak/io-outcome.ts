/** How one commit of the I/O fault child ended; a line of JSON on its way to the parent. */
export interface Outcome {
  readonly batch: number
  readonly way: string
  readonly phase: 'before' | 'during' | 'after'
  /** Null where it was acknowledged. */
  readonly failure: Failure | null
  readonly connectionClosed: boolean
}

export interface Failure {
  readonly name: string
  readonly driverCode: string
  readonly message: string
}

export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: typeof error, driverCode: '', message: '' }
  const driverCode = 'driverCode' in error && typeof error.driverCode === 'string' ? error.driverCode : ''
  return { name: error.name, driverCode, message: error.message }
}
