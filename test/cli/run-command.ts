import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The built command. */
export const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export interface CommandOptions {
  /** Where it is run; the working directory by default. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Called when it has been started. */
  readonly onStart?: (child: ChildProcess) => void
  /** Takes what it prints in place of `stdout`, which is empty then. */
  readonly onOutput?: (chunk: Buffer) => void
}

export interface CommandEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `offloop` to its end, with pipes in place of a terminal. */
export async function offloop(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const child = start(args, options)
  options.onStart?.(child)
  if (options.onOutput !== undefined) child.stdout.on('data', options.onOutput)
  const printed = options.onOutput === undefined ? text(child.stdout) : ''
  // Who leaves it unread has closed it.
  const said = text(child.stderr).catch(() => '')
  const [stdout, stderr, [code, signal]] = await Promise.all([printed, said, once(child, 'exit')])
  return { code, signal, stdout, stderr }
}

/** The same for somebody who reads the beginning of what it prints and goes, as `head` does. */
export async function offloopReadBriefly(args: readonly string[], options: CommandOptions): Promise<Pick<CommandEnd, 'code' | 'stderr'>> {
  const child = start(args, options)
  child.stdout.once('data', () => child.stdout.destroy())
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, stderr }
}

function start(args: readonly string[], { cwd, env, stdin = '' }: CommandOptions): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { ...process.env, OFFLOOP_URL: '', NODE_OPTIONS: '', ...env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  // One that does not read it is free to end before.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  return child
}

/** An empty folder, for the test that asks for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
