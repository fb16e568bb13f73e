import type { AsyncConnection } from '../../engine/contract.ts'

/** As in Knex's `pool.afterCreate`: it prepares the connection and calls `done`, with an error if it has failed. */
export type AfterCreate = (connection: AsyncConnection, done: (error: unknown, connection?: unknown) => void) => unknown

/**
 * The same hook, which closes the connection that it fails on: Knex's pool does not have it yet and forgets it, and with it a place in the
 * pool of the engine would be gone. A hook that throws has failed, and so has one whose promise rejects, for which Knex would wait forever.
 */
export function closingOnFailure(afterCreate: AfterCreate, close: (connection: AsyncConnection) => Promise<void>): AfterCreate {
  return (connection, done) => {
    prepare(afterCreate, connection).then(
      (prepared) => done(null, prepared),
      async (error: unknown) => {
        // The hook's error is the one to be told.
        await close(connection).catch(() => {})
        done(error)
      },
    )
  }
}

async function prepare(afterCreate: AfterCreate, connection: AsyncConnection): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const returned = afterCreate(connection, (error, prepared) => (error ? reject(error) : resolve(prepared)))
    if (returned instanceof Promise) returned.catch(reject)
  })
}
