// The same from CommonJS: Node.js 22.14 can `require` the ESM package.
const assert = require('node:assert/strict')
const { createEngine } = require('offloop')

async function main() {
  const engine = createEngine('sqlite:///quick-start-cjs.db')
  const transaction = await engine.begin()
  await transaction.execute('create table city (name text not null)')
  await transaction.execute('insert into city values (?)', ['Kyoto'])
  await transaction.commit()
  assert.deepEqual(await engine.execute('select name from city').fetchone(), { name: 'Kyoto' })
  await engine.close()
  console.log('done')
}

main()
