import { addLeakTests } from './leaks.ts'

addLeakTests()
