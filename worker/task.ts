/**
 * Work of the host that may have to wait, written once for both kinds of driver: a task yields only real promises, so with a synchronous
 * driver it runs to its end without a turn of the event loop.
 */
export type Task<T> = Generator<Promise<unknown>, T, unknown>

/** The value of a promise, or the value itself at once. */
export function* settled<T>(value: T | Promise<T>): Task<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}

/** Runs a task; `onEnd` or `onError` is called exactly once, at once if the task never waits. */
export function runTask<T>(task: Task<T>, onEnd: (value: T) => void, onError: (error: unknown) => void): void {
  const resume = (advance: () => IteratorResult<Promise<unknown>, T>): void => {
    let step: IteratorResult<Promise<unknown>, T>
    try {
      step = advance()
    } catch (error) {
      onError(error)
      return
    }
    if (step.done === true) {
      onEnd(step.value)
      return
    }
    step.value.then(
      (value) => resume(() => task.next(value)),
      (error: unknown) => resume(() => task.throw(error)),
    )
  }
  resume(() => task.next())
}
