import { pathToFileURL } from 'node:url'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { Direction, Migration } from './migration.ts'
import { MigrationError, messageOf } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'

type Way = (db: AnyKysely) => unknown

/**
 * Imports a module that exports `up(db)`, where it can be undone `down(db)`, and `transaction = false` where it runs outside of one. An edited file is
 * imported anew.
 *
 * @throws {MigrationError} it cannot be imported, or exports something else
 */
export async function moduleMigration({ file, path, checksum }: MigrationFile): Promise<Migration> {
  const exported = await importModule(`${pathToFileURL(path).href}?${checksum}`, file)
  const up = wayOf(exported, 'up', file)
  if (up === null) throw new MigrationError('it exports no function "up".', { file })
  const ways = { up, down: wayOf(exported, 'down', file) }
  const transaction = exported['transaction'] ?? true
  if (typeof transaction !== 'boolean') throw new MigrationError('its export "transaction" must be true or false.', { file })
  return {
    inTransaction: transaction,
    reversible: ways.down !== null,
    async run(direction: Direction, db: AnyKysely, onChange: () => void): Promise<void> {
      onChange()
      try {
        await ways[direction]?.(db)
      } catch (cause) {
        throw new MigrationError(messageOf(cause), { file, cause })
      }
    },
  }
}

async function importModule(url: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const exported: Readonly<Record<string, unknown>> = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ /* turbopackIgnore: true */ url
    )
    const { default: whole } = exported
    // A CommonJS module, or one that exports its migration as a whole.
    return exported['up'] === undefined && typeof whole === 'object' && whole !== null ? { ...whole } : exported
  } catch (cause) {
    const hint =
      cause instanceof Error && 'code' in cause && cause.code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' This Node.js reads no TypeScript: run it with --experimental-strip-types, or write the migration in JavaScript.'
        : ''
    throw new MigrationError(`it cannot be imported: ${messageOf(cause)}${hint}`, { file, cause })
  }
}

function wayOf(exported: Readonly<Record<string, unknown>>, direction: Direction, file: string): Way | null {
  const way = exported[direction]
  if (way === undefined) return null
  if (typeof way !== 'function') throw new MigrationError(`its export "${direction}" must be a function.`, { file })
  return way as Way
}
