export { exhaustHeap as default } from './deaths.ts'
