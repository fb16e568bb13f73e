import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
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
    const options = { cwd: join(this.folder, folder), env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' }, timeout: 110_000 }
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, args, options)) }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string }
      return { code: typeof code === 'number' ? code : -1, stdout, stderr }
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
