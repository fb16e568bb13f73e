import { type PgClient, wireOf } from './pg-wire.ts'

/** The mechanism in which what proves the password is bound to the server's certificate. */
const BOUND = 'SCRAM-SHA-256-PLUS'

/**
 * Ends the connection before anything of the password is sent to a server that does not bind it to its certificate: to one that somebody has
 * put in between, say. To be called before the client connects; the result tells whether that has happened.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING
 */
export function requireBinding(client: PgClient): () => Error | null {
  const wire = wireOf(client)
  let isOffered = false
  let isBound = false
  let refusal: Error | null = null
  const refuse = (): void => {
    refusal ??= new Error('channel_binding=require, and the server does not bind the password to its certificate')
    wire.stream.destroy()
  }
  wire.on('authenticationCleartextPassword', refuse)
  wire.on('authenticationMD5Password', refuse)
  wire.on('authenticationSASL', ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    isOffered = mechanisms.includes(BOUND)
    if (!isOffered) refuse()
  })
  // The server's own proof: pg fails the connection where it is wrong.
  wire.on('authenticationSASLFinal', () => {
    isBound = isOffered
  })
  wire.on('authenticationOk', () => {
    if (!isBound) refuse()
  })
  return () => refusal
}
