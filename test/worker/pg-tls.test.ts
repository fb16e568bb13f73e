import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { pgDriver } from '../../worker/drivers/pg.ts'
import { type Certificate, makeCertificate } from './make-certificate.ts'
import { openOptions, query, wireErrorOf } from './open-driver.ts'
import { firstValue, openPg, processId, serverSettings, skipWithoutPostgres, untilActive, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

/** Gives the tests' server TLS, whatever it has itself. Counts who came encrypted. */
class TlsFront {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  encrypted = 0

  constructor({ certFile, keyFile }: Certificate) {
    const identity = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    const { host = '127.0.0.1', port = 5432 } = serverSettings()
    this.#server = createServer((near) => {
      this.#sockets.add(near)
      near.on('error', () => undefined)
      // An SSLRequest is all that a client sends before it has an answer.
      near.once('data', () => {
        near.write('S')
        const secure = new TLSSocket(near, { isServer: true, ...identity })
        const far = connect(port, host)
        secure.on('secure', () => this.encrypted++)
        for (const socket of [secure, far]) socket.on('error', () => undefined)
        secure.pipe(far).pipe(secure)
        far.on('close', () => secure.destroy())
        secure.on('close', () => far.destroy())
      })
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

const fronts: TlsFront[] = []
afterEach(() => {
  for (const front of fronts.splice(0)) front.close()
})

async function openFront(certificate: Certificate): Promise<{ readonly front: TlsFront; readonly port: number }> {
  const front = new TlsFront(certificate)
  fronts.push(front)
  return { front, port: await front.listen() }
}

async function isEncrypted(connection: DriverConnection): Promise<boolean> {
  expect(await firstValue(connection, 'select 1')).toBe(1n)
  const { connection: wire } = connection.handle as { readonly connection: { readonly stream: object } }
  return wire.stream instanceof TLSSocket
}

test('sslmode is what libpq says it is', async ({ skip }) => {
  const certificate = await makeCertificate()
  if (certificate === null) return skip('no openssl to make a certificate')
  const { port } = await openFront(certificate)
  const root = { sslrootcert: certificate.certFile }
  const open = (host: string, options: Readonly<Record<string, string>>) => openPg({ host, port, options })
  const failure = (host: string, options: Readonly<Record<string, string>>) =>
    wireErrorOf(pgDriver, () => pgDriver.open(openOptions('', { server: serverSettings({ host, port, options }) })))
  for (const options of [
    { sslmode: 'prefer' },
    { sslmode: 'require' },
    { sslmode: 'verify-ca', ...root },
    { sslmode: 'require', ...root },
  ]) {
    expect(await isEncrypted(await open('127.0.0.1', options))).toBe(true)
  }
  expect(await isEncrypted(await open('localhost', { sslmode: 'verify-full', ...root }))).toBe(true)
  // The certificate is for localhost, and signed by nobody that is known.
  expect(await failure('127.0.0.1', { sslmode: 'verify-full', ...root })).toMatchObject({
    family: 'operational',
    driverCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
    retryable: false,
  })
  expect(await failure('localhost', { sslmode: 'verify-ca' })).toMatchObject({ driverCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  expect(await failure('localhost', { sslmode: 'verify-full', sslrootcert: 'system' })).toMatchObject({ family: 'operational' })
})

test('a certificate that is named without a mode is used, and verified by', async ({ skip }) => {
  const [certificate, other] = [await makeCertificate(), await makeCertificate()]
  if (certificate === null || other === null) return skip('no openssl to make a certificate')
  const { port } = await openFront(certificate)
  const open = (options: Readonly<Record<string, string>>) => openPg({ host: '127.0.0.1', port, options })
  const failure = (options: Readonly<Record<string, string>>) => wireErrorOf(pgDriver, () => open(options))
  expect(await isEncrypted(await open({ sslrootcert: certificate.certFile }))).toBe(true)
  expect(await isEncrypted(await open({ sslcert: certificate.certFile, sslkey: certificate.keyFile }))).toBe(true)
  expect(await failure({ sslrootcert: other.certFile })).toMatchObject({ family: 'operational', retryable: false })
  // Whom the system trusts has not signed this one.
  expect(await failure({ sslrootcert: 'system' })).toMatchObject({ driverCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  for (const sslmode of ['disable', 'prefer', 'require', 'verify-ca']) {
    expect(await failure({ sslmode, sslrootcert: 'system' })).toMatchObject({
      family: 'argument',
      message: `sslrootcert=system needs sslmode=verify-full, found "${sslmode}".`,
    })
  }
})

test('channel_binding: a server that does not bind the password to its certificate is told nothing where that is required', async ({
  skip,
}) => {
  const certificate = await makeCertificate()
  if (certificate === null) return skip('no openssl to make a certificate')
  // The server behind it has another certificate, or none.
  const { port } = await openFront(certificate)
  for (const channel_binding of ['disable', 'prefer']) {
    expect(await isEncrypted(await openPg({ port, options: { sslmode: 'require', channel_binding } }))).toBe(true)
  }
  for (const options of [{ sslmode: 'require' }, { sslmode: 'disable' }]) {
    const server = { ...(options.sslmode === 'require' ? { port } : {}), options: { ...options, channel_binding: 'require' } }
    expect(await wireErrorOf(pgDriver, () => openPg(server))).toMatchObject({
      family: 'operational',
      message: expect.stringContaining('channel_binding=require, and the server does not bind the password'),
    })
  }
  expect(await wireErrorOf(pgDriver, () => openPg({ options: { channel_binding: 'yes' } }))).toMatchObject({
    family: 'argument',
    message: 'channel_binding must be one of disable, prefer, require, found "yes".',
  })
})

test('a server without TLS: prefer goes on without it, require does not', async ({ skip }) => {
  const plain = await openPg()
  if ((await firstValue(plain, 'show ssl')) === 'on') return skip('the server has TLS')
  expect(await isEncrypted(plain)).toBe(false)
  expect(await isEncrypted(await openPg({ options: { sslmode: 'prefer' } }))).toBe(false)
  const server = serverSettings({ options: { sslmode: 'require' } })
  expect(await wireErrorOf(pgDriver, () => pgDriver.open(openOptions('', { server })))).toMatchObject({
    family: 'operational',
    retryable: false,
  })
})

test('a cancellation is encrypted like the connection, and goes to a server of the right name', async ({ skip }) => {
  const certificate = await makeCertificate()
  if (certificate === null) return skip('no openssl to make a certificate')
  const { front, port } = await openFront(certificate)
  const options = { sslmode: 'verify-full', sslrootcert: certificate.certFile, sslcert: certificate.certFile, sslkey: certificate.keyFile }
  const [connection, watcher] = [await openPg({ host: 'localhost', port, options }), await openPg()]
  const pid = await processId(connection)
  for (let round = 1; round <= 3; round++) {
    const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'cancelled' })
    expect(front.encrypted).toBe(1 + round)
  }
  const rows = await query(connection, "select n, repeat('x', 1000) from generate_series(1, 20000) n")
  expect(rows).toHaveLength(20_000)
})
