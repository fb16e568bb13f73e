import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./baselines/', import.meta.url))

/**
 * Installs the baselines' own packages unless they are there: the main package's `npm ci` stays quick. node-sqlite3 is compiled if its prebuilt
 * binary cannot be had, which takes a minute. What cannot be installed is left out.
 */
export function installBaselines(print: (line: string) => void): void {
  if (isInstalled()) return
  print('Installing what offloop is compared with, once ...')
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  const reason = stderr.split('\n').find((line) => line.startsWith('npm error')) ?? 'npm ci failed'
  print(`The baselines could not be installed: ${reason}`)
}

/** npm leaves a copy of the lock file in what it has installed. */
function isInstalled(): boolean {
  const installed = `${folder}node_modules/.package-lock.json`
  if (!existsSync(installed)) return false
  const wanted = packagesIn(`${folder}package-lock.json`)
  const found = packagesIn(installed)
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional === true || found[path]?.version === version,
  )
}

interface LockedPackages {
  readonly [path: string]: { readonly version?: string; readonly optional?: boolean }
}

function packagesIn(lockFile: string): LockedPackages {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages
}
