/** What a constraint wants that a row does not have: the same word on every database. A primary key is unique too. */
export type ViolationKind = 'unique' | 'foreignKey' | 'notNull' | 'check' | 'exclusion'

/** SQLite's names, PostgreSQL's SQLSTATEs and MySQL's names: none of them means anything else elsewhere. */
const codesOf: Readonly<Record<ViolationKind, readonly string[]>> = {
  unique: [
    ...['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_ROWID'],
    '23505',
    ...['ER_DUP_KEY', 'ER_DUP_ENTRY', 'ER_DUP_UNIQUE', 'ER_DUP_ENTRY_WITH_KEY_NAME', 'ER_DUP_UNKNOWN_IN_INDEX'],
    ...['ER_FOREIGN_DUPLICATE_KEY', 'ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO', 'ER_FOREIGN_DUPLICATE_KEY_WITHOUT_CHILD_INFO'],
  ],
  foreignKey: [
    'SQLITE_CONSTRAINT_FOREIGNKEY',
    ...['23503', '23001'],
    ...['ER_NO_REFERENCED_ROW', 'ER_NO_REFERENCED_ROW_2', 'ER_ROW_IS_REFERENCED', 'ER_ROW_IS_REFERENCED_2'],
  ],
  notNull: ['SQLITE_CONSTRAINT_NOTNULL', '23502', 'ER_BAD_NULL_ERROR', 'ER_NO_DEFAULT_FOR_FIELD'],
  check: ['SQLITE_CONSTRAINT_CHECK', ...['23514', '44000'], ...['ER_CHECK_CONSTRAINT_VIOLATED', 'ER_CONSTRAINT_FAILED']],
  exclusion: ['23P01'],
}

const kindOf: ReadonlyMap<string, ViolationKind> = new Map(
  (Object.keys(codesOf) as ViolationKind[]).flatMap((kind) => codesOf[kind].map((code) => [code, kind] as const)),
)

/** Undefined where the code says nothing of it, as of a trigger of the user's own. */
export function violationKind(driverCode: string | undefined, message: string): ViolationKind | undefined {
  // SQLite keeps ON DELETE RESTRICT by a trigger of its own.
  if (driverCode === 'SQLITE_CONSTRAINT_TRIGGER' && message === 'FOREIGN KEY constraint failed') return 'foreignKey'
  return kindOf.get(driverCode ?? '')
}
