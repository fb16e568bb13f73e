/** What a session is to be like, whatever the server's own settings are. */
export interface SessionSettings {
  readonly mariadb: boolean
  readonly readonly: boolean
  readonly statementTimeoutMs: number
}

/**
 * The statements that make it so, for a session that is new or has been reset: COM_RESET_CONNECTION forgets the character set of the handshake
 * as well.
 */
export function sessionStatements({ mariadb, readonly, statementTimeoutMs }: SessionSettings): readonly string[] {
  const settings = [
    // Its collation is the server's own for utf8mb4, and not the one that mysql2 names in the handshake.
    'NAMES utf8mb4',
    // Then what TIMESTAMP gives is UTC.
    "time_zone = '+00:00'",
    'autocommit = 1',
    // The texts of errors are read for names, and cleared of values.
    "lc_messages = 'en_US'",
    // Nothing is cut or bent silently. For tables without transactions the first mode looks at the first row of a statement only. A backslash
    // escapes, as whoever looks for the placeholders of a text has to know.
    "sql_mode = CONCAT_WS(',', NULLIF(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', 'STRICT_ALL_TABLES'), ''), 'STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES')",
  ]
  if (statementTimeoutMs > 0) {
    // MySQL stops queries only.
    settings.push(mariadb ? `max_statement_time = ${statementTimeoutMs / 1000}` : `max_execution_time = ${Math.ceil(statementTimeoutMs)}`)
  }
  return [`SET ${settings.join(', ')}`, ...(readonly ? ['SET SESSION TRANSACTION READ ONLY'] : [])]
}
