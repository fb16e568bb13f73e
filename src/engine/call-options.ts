import { ArgumentError } from '../errors.ts'
import type { ExecuteOptions, ManyOptions, TransactionOptions } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import type { BackupOptions, CloseOptions, ConnectOptions } from './contract.ts'
import { checkWaitOptions } from './deadline.ts'

const executeNames: ReadonlySet<string> = new Set(['signal', 'timeoutMs', 'rowMode', 'integers', 'serverTexts', 'batchRows'])
const manyNames: ReadonlySet<string> = new Set(['signal', 'timeoutMs'])
const beginNames: ReadonlySet<string> = new Set(['mode', 'readonly', 'isolationLevel', 'signal', 'timeoutMs', 'retries'])
const connectNames: ReadonlySet<string> = new Set(['signal', 'timeoutMs', 'readonly'])
const closeNames: ReadonlySet<string> = new Set(['force', 'timeoutMs'])
const backupNames: ReadonlySet<string> = new Set(['onProgress', 'signal'])
const modes: ReadonlySet<unknown> = new Set([undefined, 'deferred', 'immediate', 'exclusive'])
const isolationLevels: ReadonlySet<unknown> = new Set([undefined, 'read uncommitted', 'read committed', 'repeatable read', 'serializable'])

/** @throws {ArgumentError} an option is unknown, of the wrong type or out of range */
export function checkExecuteOptions(options: ExecuteOptions | undefined): void {
  if (options === undefined) return
  checkNames(options, executeNames, 'execute')
  checkWaitOptions(options)
  const { rowMode, integers, serverTexts, batchRows } = options
  if (rowMode !== undefined && rowMode !== 'object' && rowMode !== 'array') throw new ArgumentError("rowMode must be 'object' or 'array'.")
  if (integers !== undefined && integers !== 'number' && integers !== 'bigint')
    throw new ArgumentError("integers must be 'number' or 'bigint'.")
  if (serverTexts !== undefined && typeof serverTexts !== 'boolean') throw new ArgumentError('serverTexts must be true or false.')
  if (batchRows !== undefined && !(Number.isInteger(batchRows) && batchRows > 0)) {
    throw new ArgumentError('batchRows must be a whole number of rows, 1 or more.')
  }
}

/** @throws {ArgumentError} an option is unknown, of the wrong type or out of range */
export function checkManyOptions(options: ManyOptions | undefined): void {
  if (options === undefined) return
  checkNames(options, manyNames, 'executeMany')
  checkWaitOptions(options)
}

/** @throws {ArgumentError} an option is unknown, of the wrong type or out of range */
export function checkBeginOptions(options: TransactionOptions): void {
  checkNames(options, beginNames, 'transaction')
  checkWaitOptions(options)
  const { mode, readonly, isolationLevel, retries } = options
  if (!modes.has(mode)) throw new ArgumentError("mode must be 'deferred', 'immediate' or 'exclusive'.")
  if (!isolationLevels.has(isolationLevel)) {
    throw new ArgumentError("isolationLevel must be 'read uncommitted', 'read committed', 'repeatable read' or 'serializable'.")
  }
  if (readonly !== undefined && typeof readonly !== 'boolean') throw new ArgumentError('readonly must be true or false.')
  if (readonly === true && mode !== undefined && mode !== 'deferred') {
    throw new ArgumentError(`A read-only transaction takes no write lock: mode '${mode}' contradicts readonly.`)
  }
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    throw new ArgumentError('retries must be a whole number, 0 or more.')
  }
}

/** @throws {ArgumentError} an option is unknown, of the wrong type or out of range */
export function checkConnectOptions(options: ConnectOptions): void {
  checkNames(options, connectNames, 'connect')
  checkWaitOptions(options)
  if (options.readonly !== undefined && typeof options.readonly !== 'boolean') throw new ArgumentError('readonly must be true or false.')
}

/** @throws {ArgumentError} an option is unknown, of the wrong type or out of range */
export function checkCloseOptions(options: CloseOptions): void {
  checkNames(options, closeNames, 'close')
  checkWaitOptions({ timeoutMs: options.timeoutMs })
  if (options.force !== undefined && typeof options.force !== 'boolean') throw new ArgumentError('force must be true or false.')
}

/** @throws {ArgumentError} an option is unknown or of the wrong type */
export function checkBackupOptions(options: BackupOptions): void {
  checkNames(options, backupNames, 'backup')
  checkWaitOptions({ signal: options.signal })
  const { onProgress } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new ArgumentError('onProgress must be a function.')
}

function checkNames(options: object, known: ReadonlySet<string>, what: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ArgumentError(`The options of ${what}() must be an object.`)
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new ArgumentError(`${what}() has no option ${printableName(name)}; it has ${[...known].join(', ')}.`)
  }
}
