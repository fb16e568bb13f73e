// JavaScript, as what a package brings: removing types at run time would make this worker start later than it has to.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

const database = new Database(workerData)
database.pragma('journal_mode = WAL')
database.prepare('select count(*) from sqlite_schema').get()
parentPort.postMessage('open')
// A port that is listened to keeps the thread.
parentPort.on('message', () => {})
