/** Primary result codes by their number. https://www.sqlite.org/rescode.html */
const PRIMARY = [
  'SQLITE_OK',
  'SQLITE_ERROR',
  'SQLITE_INTERNAL',
  'SQLITE_PERM',
  'SQLITE_ABORT',
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_NOMEM',
  'SQLITE_READONLY',
  'SQLITE_INTERRUPT',
  'SQLITE_IOERR',
  'SQLITE_CORRUPT',
  'SQLITE_NOTFOUND',
  'SQLITE_FULL',
  'SQLITE_CANTOPEN',
  'SQLITE_PROTOCOL',
  'SQLITE_EMPTY',
  'SQLITE_SCHEMA',
  'SQLITE_TOOBIG',
  'SQLITE_CONSTRAINT',
  'SQLITE_MISMATCH',
  'SQLITE_MISUSE',
  'SQLITE_NOLFS',
  'SQLITE_AUTH',
  'SQLITE_FORMAT',
  'SQLITE_RANGE',
  'SQLITE_NOTADB',
  'SQLITE_NOTICE',
  'SQLITE_WARNING',
]

/** Extended result codes: the n-th word, counted from 1, is the primary code with n in its second byte. An empty word is a number not in use. */
const EXTENDED: Readonly<Record<string, string>> = {
  SQLITE_OK: 'LOAD_PERMANENTLY SYMLINK',
  SQLITE_ERROR: 'MISSING_COLLSEQ RETRY SNAPSHOT RESERVESIZE KEY UNABLE',
  SQLITE_ABORT: ' ROLLBACK',
  SQLITE_BUSY: 'RECOVERY SNAPSHOT TIMEOUT',
  SQLITE_LOCKED: 'SHAREDCACHE VTAB',
  SQLITE_READONLY: 'RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY',
  SQLITE_IOERR:
    'READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS CHECKRESERVEDLOCK LOCK CLOSE ' +
    'DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC ' +
    'ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE BADKEY CODEC',
  SQLITE_CORRUPT: 'VTAB SEQUENCE INDEX',
  SQLITE_CANTOPEN: 'NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK',
  SQLITE_CONSTRAINT: 'CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE',
  SQLITE_AUTH: 'USER',
  SQLITE_NOTICE: 'RECOVER_WAL RECOVER_ROLLBACK RBU',
  SQLITE_WARNING: 'AUTOINDEX',
}

const NAMES = new Map<number, string>()
for (const [number, primary] of PRIMARY.entries()) {
  NAMES.set(number, primary)
  for (const [index, word] of (EXTENDED[primary] ?? '').split(' ').entries()) {
    if (word !== '') NAMES.set(number | ((index + 1) << 8), `${primary}_${word}`)
  }
}

/**
 * The name of an extended result code: 2067 is `SQLITE_CONSTRAINT_UNIQUE`. One that is newer than this table gets the name of its
 * primary code, which is all that decides about the error's class.
 */
export function codeName(code: number): string {
  return NAMES.get(code) ?? NAMES.get(code & 0xff) ?? 'SQLITE_ERROR'
}

/** `SQLITE_BUSY` of `SQLITE_BUSY_SNAPSHOT`. */
export function primaryCode(name: string): string {
  const end = name.indexOf('_', 'SQLITE_'.length)
  return end === -1 ? name : name.slice(0, end)
}
