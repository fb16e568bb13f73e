import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach } from 'vitest'
import { urlOf } from '../soak/scratch.ts'

const engines: AsyncEngine[] = []
const directories: string[] = []

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-storage-'))
  directories.push(directory)
  return directory
}

/** An engine that is closed after the test. */
export function openFile(driver: string, file: string, { query = '', ...options }: EngineOptions & { query?: string } = {}): AsyncEngine {
  const engine = createEngine(urlOf(driver, file, query), options)
  engines.push(engine)
  return engine
}
