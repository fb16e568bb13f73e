import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scanStatement } from '../../src/sql/scan-statement.ts'
import { Random } from '../soak/random.ts'
import { mysqlTexts } from './mysql-texts.ts'
import { postgresqlTexts } from './postgresql-texts.ts'
import { randomText, randomTextColumns } from './random-texts.ts'
import { connectMysql, connectPostgresql, type ParsingServer } from './servers.ts'

const servers = [
  {
    dialect: 'postgresql',
    connect: connectPostgresql,
    texts: postgresqlTexts,
    table: 'create temp table t (a int, b text, j jsonb, arr int[])',
  },
  { dialect: 'mysql', connect: connectMysql, texts: mysqlTexts, table: 'create table t (a int primary key, b varchar(100))' },
] as const

/** A database of its own: MySQL looks at the names in a statement when it prepares it. */
const database = `offloop_texts_${process.pid}`

describe.for(servers)('the server of $dialect', ({ dialect, connect, texts, table }) => {
  let server: ParsingServer
  beforeAll(async () => {
    server = await connect()
    if (server.missing !== undefined) return
    if (dialect === 'mysql') for (const sql of [`create database ${database}`, `use ${database}`]) await server.query(sql)
    await server.query(table)
  })
  afterAll(async () => {
    if (dialect === 'mysql' && server.missing === undefined) await server.query(`drop database ${database}`)
    await server.close()
  })

  test.for(texts.filter(({ valid }) => valid))('finds the same parameters: $sql', async ({ sql }, { skip }) => {
    skip(server.missing !== undefined, server.missing)
    const { text, valueOrder, count } = scanStatement(sql, dialect)
    expect(await server.countParameters(text)).toBe(valueOrder?.length ?? count)
  })

  test('finds the same parameters in 500 random texts', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    const random = new Random(11)
    await server.query(`create ${dialect === 'mysql' ? '' : 'temp '}table random_texts (${randomTextColumns[dialect]})`)
    try {
      for (let round = 0; round < 500; round += 1) {
        const { sql } = randomText(random, dialect, true)
        const { text, valueOrder, count } = scanStatement(sql.replace(/ t$/, ' random_texts t'), dialect)
        expect(await server.countParameters(text), text).toBe(valueOrder?.length ?? count)
      }
    } finally {
      await server.query('drop table random_texts')
    }
  })

  test('refuses what has several statements', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    for (const { sql } of texts.filter(({ statements }) => statements > 1)) await expect(server.countParameters(sql), sql).rejects.toThrow()
  })
})
