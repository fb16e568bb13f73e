import type { RootOperationNode } from 'kysely'
import type { Dialect } from '../../sql/dialect.ts'
import type { StatementTyping } from '../../sql/typed-statement.ts'
import type { Catalogue } from '../table-shape.ts'
import { insertedKeyOf } from './inserted-key.ts'
import { outputsOf } from './outputs.ts'
import { StatementTyper } from './statement-typer.ts'

/** A statement whose values are those of its columns, and what is known of its result. */
export interface TypedNode {
  readonly node: RootOperationNode
  readonly typing: StatementTyping | null
}

/**
 * Finds the columns that a statement's values are for, by the tables of the catalogue: encodes values, puts defaults in place, and tells how the
 * result is read. What is none of these tables' stays as it is.
 */
export function typeStatement(root: RootOperationNode, catalogue: Catalogue, dialect: Dialect): TypedNode {
  const typed = new StatementTyper(catalogue, dialect).transformNode(root)
  const { node, insertedKey } = insertedKeyOf(typed, catalogue, dialect)
  const outputs = insertedKey?.returning === true ? [] : outputsOf(node, catalogue)
  if (insertedKey === null && outputs.length === 0) return { node, typing: null }
  const bigints = outputs.some(({ column }) => column?.type.bigints === true)
  return {
    node,
    typing: {
      outputs: outputs.map(({ name, column }) => ({ name, decode: column?.type.decoder(dialect, column.label) ?? null })),
      bigints: bigints || (insertedKey?.bigints ?? false),
      insertedKey,
    },
  }
}
