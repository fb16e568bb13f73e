import type { BeginOptions, ExecuteOptions, Executor } from '../../sql/executor.ts'

/** The executor, every statement of which a signal gives up: for work that takes no signal by itself. */
export function givenUpBy(signal: AbortSignal, executor: Executor): Executor {
  const withSignal = <T extends ExecuteOptions | BeginOptions>(options: T | undefined): T & { readonly signal: AbortSignal } =>
    ({ ...options, signal }) as T & { readonly signal: AbortSignal }
  return {
    dialect: executor.dialect,
    execute: ((statement, params, options) =>
      executor.execute(statement as string, params, withSignal(options as ExecuteOptions | undefined))) as Executor['execute'],
    scalar: (statement, params, options) => executor.scalar(statement, params, withSignal(options)),
    stream: ((statement, params, options) =>
      executor.stream(statement as string, params, withSignal(options as ExecuteOptions | undefined))) as Executor['stream'],
    executeMany: (statement, rows, options) => executor.executeMany(statement, rows, { ...options, signal }),
    script: (text) => executor.script(text),
    transaction: (fn, options) => executor.transaction((tx) => fn(givenUpBy(signal, tx)), withSignal(options)),
  }
}
