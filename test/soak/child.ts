import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A command that runs the rest of the command line: `['runuser', '-u', 'nobody', '--']`. */
  readonly prefix?: readonly string[]
  readonly cwd?: string
  /** It is killed when it has said nothing for so long: what it has said before tells where it stands still. */
  readonly speaksWithinMs?: number
  /** Told of each line of its output as soon as it is there. */
  readonly onLine?: (line: string) => void
}

export interface ChildEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly errors: string
}

/** A module of this folder that runs in a process of its own. */
export class Child {
  readonly process: ChildProcess
  /** Resolves when it has ended and all of its output has been read. */
  readonly ended: Promise<ChildEnd>

  constructor(module: string, args: readonly string[], options: ChildOptions = {}) {
    const node = [process.execPath, '--experimental-strip-types', '--disable-warning=ExperimentalWarning']
    const [command = process.execPath, ...rest] = [...(options.prefix ?? []), ...node, moduleFile(module), ...args]
    const child = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    })
    this.process = child
    const { speaksWithinMs } = options
    const silence = speaksWithinMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), speaksWithinMs).unref()
    const lines: string[] = []
    let partial = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      silence?.refresh()
      const parts = (partial + text).split('\n')
      partial = parts.pop() ?? ''
      for (const line of parts) {
        lines.push(line)
        options.onLine?.(line)
      }
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      silence?.refresh()
      errors += text
    })
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => {
        clearTimeout(silence)
        resolve({ status, signal, lines, errors })
      })
    })
  }
}

/** The path of a module of this folder. */
export function moduleFile(module: string): string {
  return fileURLToPath(new URL(module, import.meta.url))
}

/** Runs a module to its end. */
export function runChild(module: string, args: readonly string[], options?: ChildOptions): Promise<ChildEnd> {
  return new Child(module, args, options).ended
}
