import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { describeMysql, openMysql } from './open-mysql.ts'
import { openPg, skipWithoutPostgres, usePostgres } from './open-pg.ts'

/** What the timer of a socket waits for, as Linux numbers it: nothing has been sent that is not acknowledged, and the other end is to be asked. */
const KEEP_ALIVE = '02'
/** A hundredth of a second. */
const ticksPerMs = 0.1

/** After how many milliseconds the system asks for the other end of the socket, if nothing comes; null where it never does. */
function keepAliveMs({ localPort = 0 }: Socket): number | null {
  const port = localPort.toString(16).toUpperCase().padStart(4, '0')
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [, local = '', , , , timer = ''] = line.trim().split(/\s+/)
      const [kind, ticks = ''] = timer.split(':')
      if (local.endsWith(`:${port}`) && kind === KEEP_ALIVE) return Number.parseInt(ticks, 16) / ticksPerMs
    }
  }
  return null
}

function expectKeptAlive(socket: Socket): void {
  const dueMs = keepAliveMs(socket)
  expect(dueMs).toBeGreaterThan(0)
  expect(dueMs).toBeLessThanOrEqual(60_000)
}

describe.runIf(process.platform === 'linux')('an idle connection is looked after by the system', () => {
  describe('postgresql', () => {
    usePostgres()
    test('within a minute', async ({ skip }) => {
      skipWithoutPostgres({ skip })
      const connection: DriverConnection = await openPg()
      await connection.ping?.()
      expectKeptAlive((connection.handle as { readonly connection: { readonly stream: Socket } }).connection.stream)
    })
  })

  describeMysql('mysql', () => {
    test('within a minute', async () => {
      const connection = await openMysql()
      await connection.ping?.()
      expectKeptAlive((connection.handle as { readonly stream: Socket }).stream)
    })
  })
})
