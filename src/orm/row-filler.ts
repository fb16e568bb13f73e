import type { Decode } from '../schema/column-type.ts'
import type { Executor } from '../sql/executor.ts'
import type { Entity } from './definition.ts'
import type { Fill } from './hydrated-values.ts'

/** Where in a row the value of a field is, and what is made of it. NULL is null. */
export interface FilledField {
  readonly name: string
  readonly index: number
  readonly decode: Decode | null
  /** The instance that a key stands for. */
  readonly relate: ((key: unknown, row: readonly unknown[], executor: Executor | null) => Entity) | null
}

/** Instances that the loop fills before a function is generated: most queries of a program's start run once. */
const generateAfter = 32

/**
 * Fills instances out of rows. For a query that yields many it generates a function, an assignment for each field with its name and place:
 * that takes a tenth off what an instance costs. Where code generation is switched off, the loop stays.
 */
export class RowFiller {
  readonly #fields: readonly FilledField[]
  #fill: Fill<readonly unknown[]>
  #filled = 0

  constructor(fields: readonly FilledField[]) {
    this.#fields = fields
    this.#fill = fillLoop(fields)
  }

  /** The function for the next row. */
  next(): Fill<readonly unknown[]> {
    this.#filled++
    if (this.#filled === generateAfter) this.#fill = generateFill(this.#fields) ?? this.#fill
    return this.#fill
  }
}

function fillLoop(fields: readonly FilledField[]): Fill<readonly unknown[]> {
  return (target, row, executor) => {
    for (const { name, index, decode, relate } of fields) {
      const raw = row[index]
      if (raw === null) target[name] = null
      else {
        const value = decode === null ? raw : decode(raw)
        target[name] = relate === null ? value : relate(value, row, executor)
      }
    }
  }
}

/** Null where code generation is switched off. */
function generateFill(fields: readonly FilledField[]): Fill<readonly unknown[]> | null {
  const assignments = fields.map(({ name, index, decode, relate }, at) => {
    const decoded = decode === null ? 'raw' : `decode${at}(raw)`
    const value = relate === null ? decoded : `relate${at}(${decoded}, row, executor)`
    const source = value === 'raw' ? `row[${index}]` : `(raw = row[${index}]) === null ? null : ${value}`
    return `target[${JSON.stringify(name)}] = ${source};`
  })
  const constants = fields.map((_, at) => `const { decode: decode${at}, relate: relate${at} } = fields[${at}];`)
  try {
    const make = new Function('fields', `${constants.join('')} return (target, row, executor) => { let raw; ${assignments.join(' ')} }`)
    return make(fields) as Fill<readonly unknown[]>
  } catch {
    // --disallow-code-generation-from-strings
    return null
  }
}
