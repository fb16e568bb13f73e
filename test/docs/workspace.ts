import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { root } from '../architecture/source-file.ts'
import { preload } from './expected-output.ts'
import type { Page } from './page.ts'

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder for temporary files in which `offloop` and its development dependencies are installed, as in a reader's project. */
export class Workspace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'offloop-docs-'))

  constructor() {
    const modules = join(this.folder, 'node_modules')
    mkdirSync(modules)
    for (const name of readdirSync(join(root, 'node_modules'))) symlinkSync(join(root, 'node_modules', name), join(modules, name))
    symlinkSync(root, join(modules, 'offloop'))
    this.write('package.json', '{ "private": true, "type": "module" }\n')
    this.write('preload.mjs', preload)
    // What it stands for needs a registry: `npx offloop` of what is built here.
    this.write('bin/npx', `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, manifest.bin.offloop)}' "$@"\n`)
    chmodSync(join(this.folder, 'bin/npx'), 0o755)
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Makes a folder with the files that a page names. */
  writeFiles(folder: string, { blocks }: Page): void {
    mkdirSync(join(this.folder, folder), { recursive: true })
    for (const { file, code } of blocks) if (file !== undefined) this.write(join(folder, file), `${code}\n`)
  }

  /** Runs Node.js in a folder of the workspace to its end. */
  async node(folder: string, ...args: readonly string[]): Promise<Run> {
    return await this.#run(folder, process.execPath, args)
  }

  /** Runs a line of a shell in a folder of the workspace, with nobody at the keyboard. */
  async shell(folder: string, line: string): Promise<Run> {
    return await this.#run(folder, 'sh', ['-c', line])
  }

  async #run(folder: string, program: string, args: readonly string[]): Promise<Run> {
    const path = [join(this.folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter)
    const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', PATH: path, HOME: this.folder }
    try {
      const running = promisify(execFile)(program, args, { cwd: join(this.folder, folder), env, timeout: 110_000 })
      running.child.stdin?.end()
      return { code: 0, ...(await running) }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string }
      return { code: typeof code === 'number' ? code : -1, stdout, stderr }
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
