import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** What a pragma is set to; true and false are ON and OFF. */
export type PragmaValue = string | number | boolean

const DEFAULTS: readonly (readonly [name: string, value: string])[] = [
  ['journal_mode', 'WAL'],
  ['synchronous', 'NORMAL'],
  ['foreign_keys', 'ON'],
]

const HAS_DEFAULT: ReadonlySet<string> = new Set(DEFAULTS.map(([name]) => name))

/** These shape a new file, and do nothing once journal_mode has written its first page. https://www.sqlite.org/pragma.html */
const BEFORE_THE_FIRST_PAGE: readonly string[] = ['encoding', 'page_size', 'auto_vacuum', 'locking_mode']

const KNOWN: readonly string[] = (
  'analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill case_sensitive_like cell_size_check ' +
  'checkpoint_fullfsync defer_foreign_keys encoding foreign_keys fullfsync hard_heap_limit ignore_check_constraints journal_mode ' +
  'journal_size_limit legacy_alter_table locking_mode max_page_count mmap_size page_size query_only read_uncommitted recursive_triggers ' +
  'reverse_unordered_selects secure_delete soft_heap_limit synchronous temp_store temp_store_directory threads trusted_schema ' +
  'user_version wal_autocheckpoint writable_schema'
).split(' ')

/**
 * The pragmas of a connection in the order they are to be set: what shapes a new file, the defaults, then the user's own.
 *
 * @throws {ArgumentError} a name is none, a value cannot be written safely, or `durability` or `untrusted` says something else
 */
export function resolvePragmas(
  given: unknown,
  options: { readonly durability: 'normal' | 'full' | undefined; readonly untrusted: boolean },
): readonly (readonly [name: string, value: string])[] {
  const own = readPragmas(given)
  const pragmas = new Map<string, string>()
  for (const name of BEFORE_THE_FIRST_PAGE) {
    const value = own.get(name)
    if (typeof value === 'string') pragmas.set(name, value)
  }
  for (const [name, value] of DEFAULTS) pragmas.set(name, value)
  if (options.durability !== undefined) setUnlessGiven(own, pragmas, ['synchronous', options.durability.toUpperCase(), 'durability'])
  if (options.untrusted) {
    setUnlessGiven(own, pragmas, ['trusted_schema', 'OFF', 'untrusted'])
    setUnlessGiven(own, pragmas, ['cell_size_check', 'ON', 'untrusted'])
  }
  for (const [name, value] of own) {
    if (value === null) pragmas.delete(name)
    else pragmas.set(name, value)
  }
  return Object.freeze([...pragmas].map((pair) => Object.freeze(pair)))
}

/** Two options that say different things about one pragma: whichever won, somebody would be less safe than he believes. */
function setUnlessGiven(own: OwnPragmas, pragmas: Map<string, string>, rule: readonly [string, string, string]): void {
  const [name, value, option] = rule
  if (own.has(name)) throw new ArgumentError(`Engine option "${option}" sets the pragma ${name}: do not give it in "pragmas" as well.`)
  pragmas.set(name, value)
}

/** Null takes a default away. */
type OwnPragmas = ReadonlyMap<string, string | null>

function readPragmas(given: unknown): OwnPragmas {
  const pragmas = new Map<string, string | null>()
  if (given === undefined) return pragmas
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ArgumentError('Engine option "pragmas" must be an object.')
  for (const [key, value] of Object.entries(given)) {
    const name = key.toLowerCase()
    checkName(key, name)
    if (pragmas.has(name)) throw new ArgumentError(`Engine option "pragmas" holds ${name} twice.`)
    if (value !== undefined) pragmas.set(name, value === null && HAS_DEFAULT.has(name) ? null : renderValue(name, value))
  }
  return pragmas
}

/** SQLite ignores a pragma it does not know, so a slip of the pen would go unseen; another build of it may know more than these. */
function checkName(key: string, name: string): void {
  if (!/^[a-z][a-z_]*$/.test(name))
    throw new ArgumentError(`Engine option "pragmas" holds ${printableName(key)}, which is no name of a pragma.`)
  if (KNOWN.includes(name)) return
  const hint = didYouMean(name, KNOWN)
  if (hint !== '') throw new ArgumentError(`Engine option "pragmas" holds ${printableName(key)}.${hint}`)
}

function renderValue(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'ON' : 'OFF'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) {
    return /^(?:[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+)$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`
  }
  throw new ArgumentError(`Pragma ${name} must be a string, a finite number, true or false.`)
}
