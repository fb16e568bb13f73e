import { defineDie } from './deaths.ts'

/** The handle of either driver, as far as it is used here. */
interface Handle {
  exec(sql: string): unknown
  prepare(sql: string): { run(...values: unknown[]): unknown }
}

/** Moves money in a transaction of its own; what fails is rolled back. */
export function transfer(handle: Handle, from: number, to: number, amount: number): void {
  handle.exec('begin immediate')
  try {
    const move = handle.prepare('update account set balance = balance + ? where id = ?')
    move.run(-amount, from)
    move.run(amount, to)
    handle.exec('commit')
  } catch (error) {
    handle.exec('rollback')
    throw error
  }
}

export default defineDie
