export { defineDie as default } from './deaths.ts'
