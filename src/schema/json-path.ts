import type { Expression, OperationNode } from 'kysely'
import { dialectFunction } from './compile/dialect-functions.ts'
import type { JsonStep } from './compile/json-steps.ts'
import { Condition } from './condition.ts'
import type { JsonInput } from './json-value.ts'
import { toJson } from './types/json.ts'
import { TextType } from './types/texts.ts'
import { ValueExpression } from './value-expression.ts'

/** A place inside a JSON column's document. */
export class JsonPath implements Expression<unknown> {
  readonly #column: OperationNode
  readonly #steps: readonly JsonStep[]
  readonly #label: string

  /** @throws {TypeError} a step is neither a text nor an index */
  constructor(column: OperationNode, steps: readonly JsonStep[], label: string) {
    if (steps.length === 0) throw new TypeError(`Column ${label}: path() takes the keys and indices that lead to a value.`)
    for (const step of steps) {
      if (typeof step !== 'string' && !(Number.isSafeInteger(step) && step >= 0)) {
        throw new TypeError(`Column ${label}: a step of a path is a key, or an index of 0 or more.`)
      }
    }
    this.#column = column
    this.#steps = Object.freeze([...steps])
    this.#label = label
  }

  get expressionType(): unknown {
    return undefined
  }

  toOperationNode(): OperationNode {
    return dialectFunction('jsonPath', this.#column, this.#steps)
  }

  /** It is exactly this value: a number, a text, a list or an object alike. null is JSON's own, and not what a missing place is. */
  eq(value: JsonInput): Condition {
    toJson(value, this.#label)
    return new Condition(dialectFunction('jsonEquals', this.#column, this.#steps, value))
  }

  /** As a text: that of a JSON text without quotes, NULL where there is nothing or JSON's null. */
  asText(): ValueExpression<string> {
    const node = dialectFunction('jsonText', this.#column, this.#steps)
    return new ValueExpression(node, new TextType(), this.#label)
  }
}
