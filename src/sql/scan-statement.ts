import type { DialectName } from './dialect.ts'
import { scanMysql } from './scan/mysql-lexer.ts'
import { scanPostgresql } from './scan/postgresql-lexer.ts'
import type { ScannedStatement } from './scan/scanned-statement.ts'
import { scanSqlite } from './scan/sqlite-scanner.ts'

export type { PlaceholderStyle, ScannedStatement, TransactionEffect } from './scan/scanned-statement.ts'

/**
 * Reads a text of SQL once, in the dialect's lexical rules. It tells where literals, comments and statements end, which parameters there are
 * and what running it may do; what it cannot tell, the database refuses.
 */
export function scanStatement(sql: string, dialect: DialectName = 'sqlite'): ScannedStatement {
  return SCANNERS[dialect](sql)
}

const SCANNERS: Readonly<Record<DialectName, (sql: string) => ScannedStatement>> = {
  sqlite: scanSqlite,
  postgresql: scanPostgresql,
  mysql: scanMysql,
}
