import type { AsyncConnection, AsyncEngine } from 'offloop'

/** What is wrong with a pool that nobody uses: a place that is taken, or one of `size` connections that cannot be used or is in a transaction. */
export async function poolViolations(engine: AsyncEngine, size: number): Promise<string[]> {
  const found = leaks(engine)
  const outcomes = await Promise.allSettled(Array.from({ length: size }, () => engine.connect()))
  const connections: AsyncConnection[] = []
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') connections.push(outcome.value)
    else found.push(`a place of the pool cannot be had: ${outcome.reason}`)
  }
  for (const connection of connections) {
    if (connection.inTransaction()) found.push(`connection ${connection.id} is in a transaction`)
    try {
      await connection.execute('begin immediate')
      await connection.execute('rollback')
    } catch (error) {
      found.push(`connection ${connection.id} cannot be used: ${error}`)
    }
  }
  await Promise.all(connections.map((connection) => connection.close()))
  found.push(...leaks(engine))
  const { quarantined } = engine.status()
  if (quarantined > 0) found.push(`${quarantined} connections are in quarantine`)
  return found
}

function leaks(engine: AsyncEngine): string[] {
  const { inUse, waiting } = engine.status()
  return inUse + waiting === 0 ? [] : [`${inUse} connections are in use and ${waiting} callers wait`]
}
