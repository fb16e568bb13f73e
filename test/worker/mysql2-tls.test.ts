import { afterEach, expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { mysql2Driver } from '../../worker/drivers/mysql2.ts'
import { makeCertificate } from './make-certificate.ts'
import { MysqlTlsFront } from './mysql-tls-front.ts'
import { query, wireErrorOf } from './open-driver.ts'
import { describeMysql, openMysql } from './open-mysql.ts'

const fronts: MysqlTlsFront[] = []
afterEach(() => {
  for (const front of fronts.splice(0)) front.close()
})

describeMysql('TLS', () => {
  test('ssl-mode is what it is for the own clients of MySQL', async ({ skip }) => {
    const [certificate, other] = [await makeCertificate(), await makeCertificate()]
    if (certificate === null || other === null) return skip('no openssl to make a certificate')
    const front = new MysqlTlsFront(certificate)
    fronts.push(front)
    const port = await front.listen()
    const open = (host: string, options: Readonly<Record<string, string>>): Promise<DriverConnection> =>
      openMysql({ server: { host, port, options } })
    const failure = (host: string, options: Readonly<Record<string, string>>) => wireErrorOf(mysql2Driver, () => open(host, options))
    const ca = { 'ssl-ca': certificate.certFile }
    const ways = [
      ['127.0.0.1', { 'ssl-mode': 'preferred' }],
      ['127.0.0.1', { 'ssl-mode': 'REQUIRED' }],
      ['127.0.0.1', { 'ssl-mode': 'verify_ca', ...ca }],
      ['localhost', { 'ssl-mode': 'verify_identity', ...ca }],
      // A file that is named is there to be used.
      ['127.0.0.1', ca],
      ['127.0.0.1', { 'ssl-cert': certificate.certFile, 'ssl-key': certificate.keyFile }],
    ] as const
    for (const [host, options] of ways) {
      const before = front.encrypted
      expect(await query(await open(host, options), 'select 1')).toEqual([[1n]])
      expect(front.encrypted).toBe(before + 1)
    }
    const before = front.encrypted
    const refused = [
      ['127.0.0.1', { 'ssl-mode': 'verify_ca' }],
      ['127.0.0.1', { 'ssl-ca': other.certFile }],
      ['localhost', { 'ssl-mode': 'verify_identity' }],
      ['localhost', { 'ssl-mode': 'verify_identity', 'ssl-ca': other.certFile }],
    ] as const
    for (const [host, options] of refused) expect(await failure(host, options)).toMatchObject({ family: 'operational', retryable: false })
    expect(front.encrypted).toBe(before)
  })

  test('statements are stopped, slow readers are waited for, and large values cross, as without it', async ({ skip }) => {
    const certificate = await makeCertificate()
    if (certificate === null) return skip('no openssl to make a certificate')
    const front = new MysqlTlsFront(certificate)
    fronts.push(front)
    const options = { 'ssl-mode': 'verify_identity', 'ssl-ca': certificate.certFile }
    const connection = await openMysql({ server: { host: 'localhost', port: await front.listen(), options } })
    const endless = await connection.prepare(
      'select a.table_name from information_schema.columns a, information_schema.columns b, information_schema.columns c',
      null,
    )
    for (const taken of [1, 1_500]) {
      const before = front.encrypted
      const rows = endless.iterate([])
      for (let row = 0; row < taken; row++) await rows.next()
      await connection.cancel?.()
      // Asked for over another connection.
      expect(front.encrypted).toBe(before + 1)
      expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'cancelled' })
      await rows.return()
    }
    const large = 'é'.repeat(4_000_000)
    expect(await query(connection, 'select ?, 1', [large])).toEqual([[large, 1n]])
    expect(await query(connection, 'select 1 from information_schema.columns a, information_schema.columns b limit 20000')).toHaveLength(
      20_000,
    )
  })
})
