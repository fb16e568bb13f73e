import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'offloop'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Drivers that work on this Node.js, as they stand in a URL. */
export const driverNames: readonly string[] = major > 24 || (major === 24 && minor >= 16) ? ['better-sqlite3', 'node'] : ['better-sqlite3']

/** How the database file may keep its journal. */
export type JournalMode = 'wal' | 'delete'

export const journalModes: readonly JournalMode[] = ['wal', 'delete']

export interface Setup {
  readonly driver: string
  readonly journal: JournalMode
}

/** Every driver with every journal. */
export const setups: readonly Setup[] = driverNames.flatMap((driver) => journalModes.map((journal) => ({ driver, journal })))

/** A directory of its own for `work`, gone when that has ended. */
export async function inScratch<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-soak-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export function urlOf(driver: string, file: string, query = ''): string {
  return `sqlite+${driver}:///${encodeURI(file)}${query}`
}

/** For engines whose threads are killed on purpose: each death is a warning. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Prints what a soak has counted, in one line; the process fails when something was violated. */
export function report(name: string, figures: Readonly<Record<string, number | string>>, violations: readonly string[]): void {
  for (const violation of violations.slice(0, 20)) console.error(violation)
  const counted = Object.entries(figures).map(([what, count]) => `${count} ${what}`)
  console.log(`${name}: ${[...counted, `${violations.length} violations`].join(', ')}`)
  if (violations.length > 0) process.exitCode = 1
}

/** The number after `--name=` on the command line. */
export function numberOption(name: string, fallback: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  return given === undefined ? fallback : Number(given.slice(name.length + 3))
}

/** True when the module is the program and not imported by one. */
export function isProgram(module: ImportMeta): boolean {
  return process.argv[1] !== undefined && module.filename === process.argv[1]
}
