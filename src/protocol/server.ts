import type { WireError } from './wire-error.ts'

/** Where a database server is and how to speak to it; checked by the engine before it crosses. */
export interface ServerSettings {
  readonly host: string | undefined
  readonly port: number | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: string | undefined
  /** Options of the URL that are the driver's business: TLS, the application's name. */
  readonly options: Readonly<Record<string, string>>
  /** How long the server may take to accept the connection, in milliseconds. */
  readonly connectTimeoutMs: number
  /** After so long the server itself stops a statement, in milliseconds; 0 for never. */
  readonly statementTimeoutMs: number
  /** False where nothing may be left in the session between two transactions: a pooler may give each of them another one. */
  readonly keepsStatements: boolean
}

/** What a server says unasked: NOTIFY of another session, a notice or warning on what has just run, or nothing any more. */
export type ServerEvent =
  | { readonly kind: 'lost'; readonly error: WireError }
  | { readonly kind: 'notification'; readonly channel: string; readonly payload: string; readonly processId: number }
  | { readonly kind: 'notice'; readonly severity: string; readonly message: string; readonly driverCode: string | undefined }
