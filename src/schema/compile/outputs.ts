import {
  AggregateFunctionNode,
  AliasNode,
  ColumnNode,
  type CommonTableExpressionNode,
  DeleteQueryNode,
  FunctionNode,
  IdentifierNode,
  InsertQueryNode,
  type OperationNode,
  ParensNode,
  ReferenceNode,
  SelectAllNode,
  type SelectionNode,
  SelectQueryNode,
  UpdateQueryNode,
  type WithNode,
} from 'kysely'
import type { Catalogue } from '../table-shape.ts'
import { extremeIn } from './dialect-functions.ts'
import { fromItems, nameOf, Scope, type Source, sourceOf, type TypedColumn, tableOf } from './scope.ts'

/** A column of a result: its name, and what it holds, if that is known. */
export interface Output {
  readonly name: string
  readonly column: TypedColumn | null
}

/** The columns of what a statement gives, in their order; an empty list where they cannot be told. */
export function outputsOf(node: OperationNode, catalogue: Catalogue, outer: Scope | null = null): readonly Output[] {
  if (SelectQueryNode.is(node)) return outputsOfSelections(node.selections, scopeOf(node, catalogue, outer))
  if (InsertQueryNode.is(node)) return outputsOfWrite(node, node.into === undefined ? [] : [node.into], catalogue)
  if (UpdateQueryNode.is(node)) {
    const target = node.table === undefined ? [] : [node.table]
    return outputsOfWrite(node, [...target, ...fromItems(node)], catalogue)
  }
  if (DeleteQueryNode.is(node)) return outputsOfWrite(node, node.from.froms, catalogue)
  return []
}

type Writing = { readonly returning?: { readonly selections: readonly SelectionNode[] }; readonly with?: WithNode }

function outputsOfWrite(node: Writing, tables: readonly OperationNode[], catalogue: Catalogue): readonly Output[] {
  if (node.returning === undefined) return []
  const scope = new Scope(withScope(node.with, catalogue, null))
  for (const table of tables) addSource(scope, table, catalogue)
  return outputsOfSelections(node.returning.selections, scope)
}

/** What the names in a SELECT mean. */
export function scopeOf(node: SelectQueryNode, catalogue: Catalogue, outer: Scope | null): Scope {
  const scope = new Scope(withScope(node.with, catalogue, outer))
  for (const item of fromItems(node)) addSource(scope, item, catalogue)
  return scope
}

/** The queries of WITH, under their names. */
function withScope(node: WithNode | undefined, catalogue: Catalogue, outer: Scope | null): Scope | null {
  if (node === undefined) return outer
  const scope = new Scope(outer)
  for (const { name, expression } of node.expressions as readonly CommonTableExpressionNode[]) {
    if (name.columns === undefined) scope.add(name.table.table.identifier.name, sourceOfOutputs(outputsOf(expression, catalogue, scope)))
  }
  return scope
}

export function addSource(scope: Scope, item: OperationNode, catalogue: Catalogue): void {
  const name = nameOf(item)
  if (name === undefined) return
  const inner = AliasNode.is(item) ? item.node : item
  const known = scope.source(nameOf(inner) ?? '')
  const table = known === undefined ? tableOf(inner, catalogue) : undefined
  if (known !== undefined) scope.add(name, known)
  else if (table !== undefined) scope.add(name, sourceOf(table))
  else scope.add(name, sourceOfOutputs(outputsOf(inner, catalogue, scope)))
}

function sourceOfOutputs(outputs: readonly Output[]): Source {
  return new Map(outputs.map(({ name, column }) => [name, column]))
}

function outputsOfSelections(selections: readonly SelectionNode[] | undefined, scope: Scope): readonly Output[] {
  return (selections ?? []).flatMap(({ selection }) => outputsOfSelection(selection, scope))
}

function outputsOfSelection(node: OperationNode, scope: Scope): readonly Output[] {
  if (SelectAllNode.is(node)) return [...scope.sources].flatMap(outputsOfSource)
  if (ReferenceNode.is(node)) {
    if (SelectAllNode.is(node.column)) return outputsOfSource(scope.source(node.table?.table.identifier.name ?? '') ?? new Map())
    return [{ name: node.column.column.name, column: scope.resolve(node) }]
  }
  if (AliasNode.is(node) && IdentifierNode.is(node.alias)) return [{ name: node.alias.name, column: columnOf(node.node, scope) }]
  // A name of the database's own choice.
  return [{ name: '', column: null }]
}

/** What an expression holds, where it is a column in other words. */
export function columnOf(node: OperationNode, scope: Scope): TypedColumn | null {
  if (ReferenceNode.is(node)) return scope.resolve(node)
  if (ColumnNode.is(node)) return scope.resolve(ReferenceNode.create(node))
  if (ParensNode.is(node)) return columnOf(node.node, scope)
  if (FunctionNode.is(node)) {
    const figure = extremeIn(node)
    return figure === null ? null : columnOf(figure, scope)
  }
  if (AggregateFunctionNode.is(node) && (node.func === 'min' || node.func === 'max'))
    return columnOf(node.aggregated[0] as OperationNode, scope)
  return null
}

function outputsOfSource(source: Source): readonly Output[] {
  return [...source].map(([name, column]) => ({ name, column }))
}
