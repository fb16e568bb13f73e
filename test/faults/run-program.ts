import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The package's own folder: there it finds itself by its name. */
const root = fileURLToPath(new URL('../../', import.meta.url))

export interface ProgramOptions {
  /** Of Node.js, before the program. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** How many files it may have open. */
  readonly files?: number
  /** Called when the program has printed its first line. */
  readonly onOutput?: (child: ChildProcess) => void
}

export interface ProgramEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end: a text is a module given by `--eval`. One that does not end by itself is killed when the test's time is over. */
export async function runProgram(program: URL | string, options: ProgramOptions = {}): Promise<ProgramEnd> {
  const { flags = [], env = {}, args = [], files, onOutput } = options
  const source = program instanceof URL ? [fileURLToPath(program)] : ['--input-type=module', '--eval', program]
  const command = [process.execPath, ...flags, ...source, ...args]
  const limited = files === undefined ? command : ['/bin/sh', '-c', `ulimit -n ${files} && exec "$0" "$@"`, ...command]
  const child = spawn(limited[0] as string, limited.slice(1), {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
    killSignal: 'SIGKILL',
  })
  if (onOutput !== undefined) child.stdout.once('data', () => onOutput(child))
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, signal, stdout, stderr }
}
