import { createEngine } from 'offloop'

/** Uses an engine in several ways and prints "done"; driver and file are the last two arguments. */
const [driverName, file] = process.argv.slice(-2)
const engine = createEngine(`sqlite+${driverName}:///${file}`)
await engine.script('create table t (x, y)')
await engine.executeMany(
  'insert into t values (?, ?)',
  Array.from({ length: 100 }, (_, row) => [row, `row ${row}`]),
)
await engine.transaction(async (tx) => {
  await tx.execute('update t set y = ? where x = ?', [null, 7])
})
const rows = await engine.execute<{ readonly x: number; readonly y: string | null }>('select x, y from t order by x').fetchall()
if (rows.length !== 100 || rows[7]?.y !== null || rows[99]?.y !== 'row 99') throw new Error('the rows are not those that were written')
await engine.close()
console.log('done')
