import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd: string
  /** In place of the program's own environment. */
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command to its end, which has ten minutes; when it fails, the error shows all that it printed. */
export async function run(file: string, args: readonly string[], options: CommandOptions): Promise<Printed> {
  try {
    return await promisify(execFile)(file, args, { ...options, maxBuffer: 64 * 1_048_576, timeout: 600_000, killSignal: 'SIGKILL' })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as Partial<Printed>
    throw new Error(`${[file, ...args].join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
