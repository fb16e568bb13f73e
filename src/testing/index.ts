import '../node-version.ts'

export { createDatabase, dropDatabase } from './databases.ts'
