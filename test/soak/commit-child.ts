import { closeSync, openSync } from 'node:fs'
import { createEngine } from 'offloop'
import { urlOf } from './scratch.ts'

// Commits one after another, in the ways there are, and touches everything that looks at the database's file; its system calls are counted.
const [driver = '', file = '', journal = '', durability = '', commits = '', intruder = ''] = process.argv.slice(2)
const insert = 'insert into note (text) values (?)'

const engine = createEngine(urlOf(driver, file), {
  durability: durability === 'full' ? 'full' : 'normal',
  pragmas: { journal_mode: journal },
})
await engine.execute('create table note (text)')
for (let commit = 0; commit < Number(commits); commit += 4) {
  await engine.execute(insert, ['autocommit'])
  await engine.transaction((tx) => tx.execute(insert, ['transaction']))
  await engine.executeMany(insert, [['many']])
  await engine.script("insert into note (text) values ('script')")
}
const connection = await engine.connect({ readonly: true })
await connection.scalar('select count(*) from note')
await connection.close()
await engine.backup(`${file}.copy`)
if (intruder !== '') closeSync(openSync(file, 'r'))
await engine.close()
