import type { AbortError, StatementTimeoutError } from '../errors.ts'
import type { ExecuteOptions } from '../sql/executor.ts'
import { watchDeadline } from './deadline.ts'
import type { Execution } from './execution.ts'
import type { EngineServices } from './services.ts'

/** What a statement was told of its time, and whether it is a stream: the call is then over with its last row. */
export interface SupervisedCall {
  readonly options: ExecuteOptions | undefined
  readonly streams?: boolean | undefined
}

/** Gives the statement up when its signal aborts or its time is over. */
export function superviseStatement(execution: Execution, { options, streams = false }: SupervisedCall, services: EngineServices): void {
  const timeoutMs = options?.timeoutMs ?? services.options.statementTimeoutMs
  const signal = options?.signal
  if (timeoutMs === undefined && signal === undefined) return
  const abort = (error: AbortError | StatementTimeoutError): void => execution.abort(error)
  const forgetSignal = watchDeadline({ signal }, abort)
  const stopTimer = watchDeadline({ timeoutMs }, (error) => {
    // Timers come before messages: behind a long stop of the event loop the answer may have been there in time.
    execution.hear()
    execution.abort(error)
  })
  execution.whenArrived({
    arrived: () => {
      // The time of a statement ends with its first rows when somebody reads them at leisure, unless a stream was given one of its own.
      if (execution.readAtLeisure && !(streams && options?.timeoutMs !== undefined)) stopTimer()
    },
  })
  execution.onSettled(() => {
    stopTimer()
    forgetSignal()
  })
}
