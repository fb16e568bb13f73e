import { dropDatabase } from 'offloop/dal'

const [, , url] = process.argv
await dropDatabase(url).then(
  () => console.log('dropped'),
  (error) => console.log(error.name),
)
