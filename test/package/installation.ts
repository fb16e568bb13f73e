import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run-command.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface PackedPackage {
  readonly tarball: string
  /** Paths in it. */
  readonly files: readonly string[]
}

/** Packs the built package into a folder, as it is published. */
export async function packInto(folder: string): Promise<PackedPackage> {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root })
  const [{ filename, files }] = JSON.parse(stdout)
  return { tarball: join(folder, filename), files: files.map(({ path }: { readonly path: string }) => path) }
}

/** Installs packages in a new folder, where neither a compiler nor anything else is on the PATH but Node.js, npm and a shell. */
export async function installIn(folder: string, packages: readonly string[], flags: readonly string[] = []): Promise<void> {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const tools = bareTools(join(folder, '.tools'))
  await run(join(tools, 'npm'), ['install', '--no-audit', '--no-fund', ...flags, ...packages], {
    cwd: folder,
    env: { ...process.env, PATH: tools },
  })
}

function bareTools(folder: string): string {
  if (existsSync(folder)) return folder
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const tool of ['npm', 'sh']) symlinkSync(realpathSync(onPath(tool)), join(folder, tool))
  return folder
}

function onPath(tool: string): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, tool))
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new Error(`There is no ${tool} on the PATH.`)
  return found
}

/** How many packages npm has installed in a folder, and the bytes of their files. */
export function measureInstallation(folder: string): { readonly packages: number; readonly bytes: number } {
  const modules = join(folder, 'node_modules')
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  let bytes = 0
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += lstatSync(join(entry.parentPath, entry.name)).size
  }
  return { packages: Object.keys(packages).length, bytes }
}
