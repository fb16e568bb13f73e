import { createEngine } from 'offloop'
import { describeFailure, type Failure } from './io-outcome.ts'
import { urlOf } from './scratch.ts'

// Opens damaged files one after another and uses them; one line for each.
const [driver = '', ...files] = process.argv.slice(2)

/** How far one damaged file could be used. */
export interface MutantOutcome {
  readonly file: string
  readonly connected: boolean
  /** Each call that was refused. */
  readonly failures: readonly (Failure & { readonly sql: string })[]
}

const statements = [
  'select count(*) from note',
  'select text from note order by text',
  'select text, count(*) from note group by text having count(*) > 0',
  'select * from recent',
  'insert into note (text) values (hex(randomblob(300)))',
  "update note set text = text || 'x' where id % 7 = 0",
  'delete from note where id % 11 = 0',
  "select text from search where search match 'note'",
  'pragma quick_check',
]

for (const [index, file] of files.entries()) {
  const engine = createEngine(urlOf(driver, file), { untrusted: index % 2 === 0, readers: 1, pragmas: { journal_mode: undefined } })
  const outcome: MutantOutcome = { file, connected: false, failures: [] }
  console.log(JSON.stringify(await use(engine, outcome)))
  await engine.close()
}

async function use(engine: ReturnType<typeof createEngine>, outcome: MutantOutcome): Promise<MutantOutcome> {
  const failures: (Failure & { readonly sql: string })[] = []
  try {
    const connection = await engine.connect()
    for (const sql of statements) {
      try {
        const result = await connection.execute(sql, [], { timeoutMs: 10_000 })
        if (result.returnsRows) await result.fetchall()
        if (sql.startsWith('select')) await engine.execute(sql, [], { timeoutMs: 10_000 }).fetchall()
      } catch (error) {
        failures.push({ sql, ...describeFailure(error) })
      }
    }
    await connection.close()
    return { ...outcome, connected: true, failures }
  } catch (error) {
    return { ...outcome, failures: [...failures, { sql: 'connect', ...describeFailure(error) }] }
  }
}
