import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder of migrations that is gone after the test. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'offloop-migrations-'))

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    folders.push(this.path)
    for (const [file, text] of Object.entries(files)) this.write(file, text)
  }

  write(file: string, text: string | Uint8Array): void {
    writeFileSync(join(this.path, file), text)
  }

  remove(file: string): void {
    rmSync(join(this.path, file))
  }

  makeFolder(name: string): void {
    mkdirSync(join(this.path, name))
  }
}

/** A migration that makes a table of that name, and takes it back. */
export function making(table: string): string {
  return `-- up\ncreate table ${table} (x integer);\n-- down\ndrop table ${table};\n`
}
