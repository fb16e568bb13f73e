import { type OperationNode, RawNode } from 'kysely'
import { ArgumentError } from '../../errors.ts'
import type { Sql } from '../../sql/template.ts'

/**
 * SQL written by hand, in a place where no parameter can stand: a definition.
 *
 * @throws {ArgumentError} it has values in it
 */
export function sqlNode(sql: Sql): OperationNode {
  return RawNode.createWithSql(sqlText(sql))
}

/** @throws {ArgumentError} it has values in it */
export function sqlText({ strings, values }: Sql): string {
  if (values.length > 0) {
    throw new ArgumentError(
      'SQL in the definition of a table cannot have values: write them into the text, with raw() where they are computed.',
    )
  }
  return strings.join('')
}
