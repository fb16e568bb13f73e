import { AliasNode, IdentifierNode, type OperationNode, ReferenceNode, type SelectQueryNode, TableNode } from 'kysely'
import type { ColumnType } from '../column-type.ts'
import { type AnyTable, type Catalogue, keyOf } from '../table-shape.ts'

/** What a column of a table, or of a query inside the statement, holds. */
export interface TypedColumn {
  readonly type: ColumnType
  /** Names it in errors. */
  readonly label: string
}

/** The columns of one name in FROM: in their order; null where their type is not known. */
export type Source = ReadonlyMap<string, TypedColumn | null>

/** Which columns the names in a query mean. */
export class Scope {
  readonly #sources = new Map<string, Source>()
  readonly #outer: Scope | null

  constructor(outer: Scope | null) {
    this.#outer = outer
  }

  get sources(): Iterable<Source> {
    return this.#sources.values()
  }

  add(name: string, source: Source): void {
    this.#sources.set(name, source)
  }

  /** The columns under that name, here or around. */
  source(name: string): Source | undefined {
    return this.#sources.get(name) ?? this.#outer?.source(name)
  }

  /** What the reference means; null where that is not known. */
  resolve({ table, column }: ReferenceNode): TypedColumn | null {
    if (column.kind !== 'ColumnNode') return null
    const { name } = column.column
    if (table !== undefined) return this.source(table.table.identifier.name)?.get(name) ?? null
    for (const source of this.#sources.values()) if (source.has(name)) return source.get(name) ?? null
    return this.#outer?.resolve(ReferenceNode.create(column)) ?? null
  }
}

export function sourceOf(table: AnyTable): Source {
  return new Map(table.columns.map((column) => [column.name, column]))
}

/** The table of the catalogue that a node names, if it is one. */
export function tableOf(node: OperationNode | undefined, catalogue: Catalogue): AnyTable | undefined {
  if (node === undefined) return undefined
  if (AliasNode.is(node)) return tableOf(node.node, catalogue)
  if (!TableNode.is(node)) return undefined
  const { schema, identifier } = node.table
  return catalogue.find(keyOf({ name: identifier.name, schema: schema?.name }))
}

/** The name by which the rest of the query calls what stands in FROM. */
export function nameOf(node: OperationNode): string | undefined {
  if (AliasNode.is(node)) return IdentifierNode.is(node.alias) ? node.alias.name : undefined
  return TableNode.is(node) ? node.table.identifier.name : undefined
}

/** All that stands in FROM and its joins. */
export function fromItems({ from, joins }: Pick<SelectQueryNode, 'from' | 'joins'>): readonly OperationNode[] {
  return [...(from?.froms ?? []), ...(joins ?? []).map((join) => join.table)]
}
