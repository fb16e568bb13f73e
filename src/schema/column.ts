import { ColumnNode, ReferenceNode, type TableNode } from 'kysely'
import type { ColumnOptions } from './column-options.ts'
import type { AnyColumnSpec } from './column-spec.ts'
import { dialectFunction } from './compile/dialect-functions.ts'
import type { JsonStep } from './compile/json-steps.ts'
import { Condition } from './condition.ts'
import { JsonPath } from './json-path.ts'
import type { JsonInput } from './json-value.ts'
import { toJson } from './types/json.ts'
import { ValueExpression } from './value-expression.ts'

/** A column of a table: part of its definition, and an expression wherever SQL takes one. */
export class Column<Out = unknown, In = unknown> extends ValueExpression<Out, In> {
  readonly name: string
  readonly options: ColumnOptions
  /** False for keys, and where it was said. */
  readonly nullable: boolean
  /** How a statement names it. */
  readonly reference: ReferenceNode

  /**
   * @param table how the statement calls the table
   * @param label names the column in errors: `users.name`
   */
  constructor(name: string, { type, options }: AnyColumnSpec, table: TableNode, label: string) {
    const node = ReferenceNode.create(ColumnNode.create(name), table)
    super(node, type, label)
    this.reference = node
    this.name = name
    this.options = options
    this.nullable = options.primaryKey !== true && options.nullable !== false
  }

  // Of JSON columns

  /**
   * A place inside the document: `c.settings.path('themes', 0)`.
   *
   * @throws {TypeError} the column holds no JSON
   */
  path(...steps: readonly JsonStep[]): JsonPath {
    this.#assertJson('path')
    return new JsonPath(this.reference, steps, this.label)
  }

  /**
   * The document is an object with this key.
   *
   * @throws {TypeError} the column holds no JSON
   */
  hasKey(key: string): Condition {
    this.#assertJson('hasKey')
    if (typeof key !== 'string') throw new TypeError(`Column ${this.label}: hasKey() takes a key.`)
    return new Condition(dialectFunction('jsonHasKey', this.reference, key))
  }

  /**
   * A text: it holds this part. A JSON column: the document has everything in it that the value has: the keys of an object with their values, the
   * elements of a list in any order.
   */
  override contains(part: In extends string ? string : JsonInput): Condition
  override contains(part: string): Condition
  override contains(part: unknown): Condition {
    if (this.type.kind !== 'json') return super.contains(part as string)
    toJson(part, this.label)
    return new Condition(dialectFunction('jsonContains', this.reference, part))
  }

  #assertJson(method: string): void {
    if (this.type.kind !== 'json')
      throw new TypeError(`Column ${this.label}: ${method}() is for JSON columns; this one is of type ${this.type.kind}.`)
  }
}
