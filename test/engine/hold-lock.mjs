// Holds the write lock of a database until its standard input ends.
import Database from 'better-sqlite3'

const database = new Database(process.argv[2])
database.exec('begin immediate')
process.stdout.write('held')
process.stdin.resume().on('end', () => {
  database.exec('rollback')
  database.close()
})
