import { orFail } from 'offloop/dal'

const [, , url] = process.argv
await orFail(url)
console.log('connected')
