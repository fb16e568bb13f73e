import { connect } from 'node:net'
import { EngineURL } from 'offloop'
import { describe } from 'vitest'

export type ServerName = 'postgresql' | 'mysql'

/** A server that tests run on, if it is there. */
export interface TestServer {
  readonly name: ServerName
  readonly url: string
  /** Why nothing can be run on it, or undefined. */
  readonly missing: string | undefined
  /** A run without it is no run: `OFFLOOP_TEST_REQUIRE` names it. */
  readonly required: boolean
}

const settings: Readonly<Record<ServerName, { readonly variable: string; readonly url: string; readonly port: number }>> = {
  postgresql: { variable: 'OFFLOOP_TEST_POSTGRES_URL', url: 'postgresql://postgres@127.0.0.1:5432/test', port: 5_432 },
  mysql: { variable: 'OFFLOOP_TEST_MYSQL_URL', url: 'mysql://root@127.0.0.1:3306/test', port: 3_306 },
}

const required = new Set((process.env['OFFLOOP_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim()))

export const testServers: Readonly<Record<ServerName, TestServer>> = {
  postgresql: await look('postgresql'),
  mysql: await look('mysql'),
}

async function look(name: ServerName): Promise<TestServer> {
  const { variable, url: usual, port: usualPort } = settings[name]
  const url = process.env[variable] ?? usual
  const { host = '127.0.0.1', port = usualPort } = EngineURL.parse(url)
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    setTimeout(() => socket.destroy(), 5_000).unref()
  })
  const missing = answers ? undefined : `no server at ${host}:${port}; ${variable} names another one`
  return { name, url, missing, required: required.has(name) }
}

/** Describes tests on a server; where there is none it says so and skips them, unless `OFFLOOP_TEST_REQUIRE` names it: then they fail. */
export function describeOnServer({ missing, required: isRequired }: TestServer, title: string, tests: () => void): void {
  const skipped = missing !== undefined && !isRequired
  describe.skipIf(skipped)(skipped ? `${title} (${missing})` : title, tests)
}
