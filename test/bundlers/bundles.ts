import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../package/run-command.ts'
import { writeFilesOfPage } from './page-files.ts'

/** A way to bundle the program, as docs/bundlers.md has it. */
export interface Bundle {
  readonly title: string
  /** `offloop` is in the bundle, which runs where nothing but what cannot be in it is installed. */
  readonly takenIn: boolean
  /** Of the page, in the folder of the program. */
  readonly files: readonly string[]
  /** The package, its command and the arguments; null: the first file is the program that builds. */
  readonly tool: readonly [name: string, command: string, ...args: string[]] | null
  /** The program that is made, in the folder dist. */
  readonly output: string
  /** The worker file has a name of the bundler's own, which the code knows. */
  readonly namesWorker?: boolean
}

const rollup = ['rollup', 'dist/bin/rollup', '--silent', '--config'] as const
const rolldown = ['rolldown', 'bin/cli.mjs', '--config'] as const
const vite = ['vite', 'bin/vite.js', 'build', '--logLevel', 'warn', '--config'] as const
const webpack = ['webpack', 'bin/webpack.js', '--mode', 'development', '--devtool', 'false', '--config'] as const

export const bundles: readonly Bundle[] = [
  { title: 'esbuild, kept out', takenIn: false, files: ['build.mjs'], tool: null, output: 'app.mjs' },
  { title: 'esbuild, taken in', takenIn: true, files: ['build-all.mjs'], tool: null, output: 'app.mjs' },
  ...configured('Rollup', rollup, 'rollup', 'app.mjs'),
  ...configured('Rolldown', rolldown, 'rolldown', 'app.mjs'),
  ...configured('Vite', vite, 'vite', 'app.js'),
  ...configured('webpack', webpack, 'webpack', 'app.cjs').map((bundle) => ({ ...bundle, namesWorker: true })),
]

function configured(bundler: string, command: NonNullable<Bundle['tool']>, name: string, output: string): readonly Bundle[] {
  const [out, all] = [`${name}.config.mjs`, `${name}.all.config.mjs`]
  return [
    { title: `${bundler}, kept out`, takenIn: false, files: [out], tool: [...command, out], output },
    { title: `${bundler}, taken in`, takenIn: true, files: [all, 'copy-worker.mjs'], tool: [...command, all], output },
  ]
}

/** What a bundle says whose worker file is gone. */
export const lostWorkerFile =
  /^DriverLoadError: The bundler has left behind the worker file of offloop, which is looked for at file:\/\/\S+\.mjs: keep offloop out of .+\.$/m

/** Builds the program in a new folder of a project that has installed `offloop`; gives the folder of what was made. */
export async function buildProgram(folder: string, { files, tool }: Bundle, modules: string): Promise<string> {
  mkdirSync(folder)
  copyFileSync(fileURLToPath(new URL('./programs/app.mjs', import.meta.url)), join(folder, 'app.mjs'))
  writeFilesOfPage(folder, files)
  const [name = '', command = '', ...args] = tool ?? []
  const program = tool === null ? (files[0] ?? '') : join(modules, name, command)
  await run(process.execPath, [program, ...args], { cwd: folder })
  return join(folder, 'dist')
}
