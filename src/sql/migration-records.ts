/** What the table is called that says which migrations a database has seen, unless a program calls it otherwise. */
export const migrationRecords = 'offloop_migrations'
