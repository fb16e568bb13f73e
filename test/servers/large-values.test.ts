import { InvalidRequestError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeServers } from './servers.ts'

const nested = (levels: number): string => `(repeat('[', ${levels}) || repeat(']', ${levels}))`

describeServers(
  (server) => {
    describe.each(['worker', 'main'] as const)('with placement %s', (placement) => {
      test.each([1, 1_000])('bytes in an array are Buffers, as those in a column are (%i rows)', async (count) => {
        const engine = server.engine({ placement })
        const text = `
          select '\\x01'::bytea as one, array['\\x02'::bytea, null] as list, array[array['\\x'::bytea]] as nested, '[[[1]], null]'::jsonb as json
          from generate_series(1, ${count})`
        const row = { list: [Buffer.of(2), null], nested: [[Buffer.alloc(0)]], json: [[[1]], null] }
        const rows = await engine.execute(text).fetchall()
        expect(rows).toHaveLength(count)
        expect(rows.at(-1)).toStrictEqual({ one: Buffer.of(1), ...row })
        expect(await engine.execute(text.replace("'\\x01'::bytea as one,", '')).first()).toStrictEqual(row)
      })

      test('JSON that is nested deeper than threads can hand over is refused by its column, and takes nothing with it', async () => {
        const engine = server.engine({ placement, pool: { max: 1 } })
        await using conn = await engine.connect()
        const [deep, beside] = await Promise.allSettled([
          conn.execute(`select 1 as n, ${nested(1_001)}::jsonb as tree`).fetchall(),
          conn.scalar('select 1'),
        ])
        expect(deep).toMatchObject({
          reason: {
            name: 'DataError',
            message:
              'Column 2 ("tree") holds JSON that is nested deeper than 1000 levels. Cast it to text, and read it with a parser that can.',
          },
        })
        expect(beside).toEqual({ status: 'fulfilled', value: 1 })
        const brackets = `to_jsonb(repeat('"[{', 2000)) as brackets`
        const row = await conn.execute<{ tree: unknown; brackets: string }>(`select ${nested(1_000)}::json as tree, ${brackets}`).one()
        expect(JSON.stringify(row.tree)).toBe('['.repeat(1_000) + ']'.repeat(1_000))
        expect(row.brackets).toBe('"[{'.repeat(2_000))
      })
    })

    test.each(['worker', 'main'] as const)(
      'a text longer than a string ends its connection, and no other (placement %s)',
      // Memory of half a gigabyte is slow to be had on some machines.
      { timeout: 180_000 },
      async (placement) => {
        const engine = server.engine({ placement, pool: { max: 2 } })
        await using other = await engine.connect()
        const tx = await other.begin()
        await using conn = await engine.connect()
        const ends = await Promise.allSettled([conn.scalar("select repeat('x', 540000000)"), conn.scalar('select 1')])
        const message = expect.stringMatching(/^The answer of the server could not be read: Cannot create a string longer/)
        for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { name: 'DataError', message } })
        expect(conn.closed).toBe(true)
        expect(await tx.scalar('select 1')).toBe(1)
        await tx.commit()
        expect(await engine.scalar("select length(repeat('x', 540000000))")).toBe(540_000_000)
      },
    )

    test.each(['json', 'jsonb', 'text[]'])('%s weighs what is in it where memory is bounded', async (type) => {
      const engine = server.engine({ maxBufferedBytes: 100_000 })
      await using tx = await engine.begin()
      const [value, many] =
        type === 'text[]'
          ? [`array_agg(repeat('x', 100))`, 'as values']
          : [`json_agg(json_build_object('name', i, 'list', array[i]))`, 'as values']
      const rows = (count: number): string =>
        `select n, (select ${value} from generate_series(1, 100) as i)::${type} ${many} from generate_series(1, ${count}) as n`
      const large = await tx.execute(rows(500))
      expect(await large.fetchone()).toMatchObject({ n: 1 })
      await expect(tx.execute('create temporary table refused (n integer)')).rejects.toThrow(InvalidRequestError)
      expect(await large.fetchall()).toHaveLength(499)
    })
  },
  ['postgresql'],
)
