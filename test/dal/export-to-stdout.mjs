import { createEngine } from 'offloop'
import { exportData } from 'offloop/dal'

const engine = createEngine('sqlite://')
await exportData(engine, 'select 1 as one', process.stdout, { format: 'csv' })
await exportData(engine, 'select 2 as two', process.stdout, { format: 'jsonl' })
console.log('and more')
await engine.close()
