import type { WireColumnData } from '../protocol/row-codec.ts'

/** Append plain objects to `out`. */
export interface RowBuilders {
  /** From the values of `cells`, row by row, from `start` on. */
  inline(out: unknown[], cells: readonly unknown[], start: number, rowCount: number): void
  chunk(out: unknown[], columns: readonly WireColumnData[], rowCount: number): void
}

/** V8 keeps so many properties of a constructed object inside of it; behind that a constructor is slower than a literal, up to 20 times. */
const maxConstructed = 250
const maxConstructors = 500
/** By the names of their columns: statements with the same ones share it, so that code that gets the rows of all sees one kind of object. */
const constructors = new Map<string, unknown>()

/**
 * Generates what builds rows of these columns.
 *
 * @throws {EvalError} the process runs with --disallow-code-generation-from-strings
 */
export function generateBuilders(names: readonly string[]): RowBuilders {
  // A column named like a property that every object inherits has to be defined: an assignment might be refused, or `__proto__` understood.
  const constructed = names.length <= maxConstructed && !names.some((name) => name in Object.prototype)
  const row = (value: (column: number) => string) =>
    constructed ? `new Row(${names.map((_, column) => value(column))})` : literal(names, value)
  const columns = names.map((_, column) => `const c${column} = columns[${column}];`)
  const make = new Function(
    'Row',
    `return {
      inline(out, cells, start, rowCount) {
        for (let row = 0, at = start; row < rowCount; row++, at += ${names.length}) out.push(${row((column) => `cells[at + ${column}]`)})
      },
      chunk(out, columns, rowCount) {
        ${columns.join('')}
        for (let row = 0; row < rowCount; row++) out.push(${row((column) => `c${column}[row]`)})
      }
    }`,
  )
  return make(constructed ? constructorOf(names) : null) as RowBuilders
}

/**
 * A constructor of plain objects. V8 allocates what a literal makes among its old objects once it has seen many of them survive, as a chunk of
 * rows does that has just come; a stream's rows would then be garbage that only the slow collection of old objects finds, a gap of the event
 * loop each time. It does not do so with what a constructor makes.
 */
function constructorOf(names: readonly string[]): unknown {
  const key = JSON.stringify(names)
  const known = constructors.get(key)
  if (known !== undefined) return known
  const assignments = names.map((name, column) => `this[${JSON.stringify(name)}] = v${column};`)
  const parameters = names.map((_, column) => `v${column}`)
  const source = `'use strict'; function Row(${parameters}) { ${assignments.join('')} } Row.prototype = Object.prototype; return Row`
  const made: unknown = new Function(source)()
  if (constructors.size >= maxConstructors) constructors.delete(constructors.keys().next().value as string)
  constructors.set(key, made)
  return made
}

/** Source of an object with these properties; a later duplicate wins, and `__proto__` is a property like any other. */
function literal(names: readonly string[], value: (column: number) => string): string {
  const properties = names.map((name, column) => {
    const key = JSON.stringify(name)
    return `${name === '__proto__' ? `[${key}]` : key}: ${value(column)}`
  })
  return `{ ${properties.join(', ')} }`
}

/** What builds the same rows without generated code. */
export function loopBuilders(names: readonly string[]): RowBuilders {
  const set = setter(names)
  return {
    inline(out, cells, start, rowCount) {
      for (let index = 0, at = start; index < rowCount; index++) {
        const row: Record<string, unknown> = {}
        for (let column = 0; column < names.length; column++) set(row, column, cells[at++])
        out.push(row)
      }
    },
    chunk(out, columns, rowCount) {
      for (let index = 0; index < rowCount; index++) {
        const row: Record<string, unknown> = {}
        for (let column = 0; column < names.length; column++) set(row, column, columns[column]?.[index])
        out.push(row)
      }
    },
  }
}

function setter(names: readonly string[]): (row: Record<string, unknown>, column: number, value: unknown) => void {
  return (row, column, value) => {
    const name = names[column] as string
    if (name === '__proto__') Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true })
    else row[name] = value
  }
}
