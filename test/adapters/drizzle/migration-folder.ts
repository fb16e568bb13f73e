import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes migrations as drizzle-kit does, with an empty snapshot; gives the folder. Written again with more of them, it has those too. */
export function writeMigrations(folder: string, migrations: Readonly<Record<string, string>>): string {
  const migrationsFolder = join(folder, 'migrations')
  mkdirSync(join(migrationsFolder, 'meta'), { recursive: true })
  const entries = Object.keys(migrations).map((tag, idx) => ({ idx, version: '6', when: 1_700_000_000_000 + idx, tag, breakpoints: true }))
  writeFileSync(join(migrationsFolder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'sqlite', entries }))
  for (const [tag, text] of Object.entries(migrations)) writeFileSync(join(migrationsFolder, `${tag}.sql`), text)
  return migrationsFolder
}
