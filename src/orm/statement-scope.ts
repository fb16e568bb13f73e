import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  FromNode,
  IdentifierNode,
  JoinNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  RawNode,
  ReferenceNode,
  SelectionNode,
  type SelectQueryNode,
  TableNode,
  UnaryOperationNode,
  WhereNode,
} from 'kysely'
import { type QualifiedName, tableNode } from '../schema/table-shape.ts'
import type { ModelDefinition, StoredField } from './definition.ts'
import type { OneStep, Step } from './lookup.ts'

/** The names that one statement uses for its tables: no two of them are the same, in capitals neither, which SQLite takes for small letters. */
export class Names {
  readonly #taken = new Set<string>()
  #count = 0

  /** How many tables the statement names. */
  get count(): number {
    return this.#count
  }

  /** Keeps a name for a table that may come later. */
  reserve(name: string): void {
    this.#taken.add(name.toLowerCase())
  }

  take(wanted: string): string {
    let name = wanted
    this.#count += 1
    for (let count = 2; this.#taken.has(name.toLowerCase()); count += 1) name = `${wanted}_${count}`
    this.#taken.add(name.toLowerCase())
    return name
  }
}

/** The tables of a SELECT, or of one inside another: its model, and what has been joined to that. */
export class StatementScope {
  readonly definition: ModelDefinition
  readonly names: Names
  /** How the model's own table is called. */
  readonly alias: string
  readonly #joins: JoinNode[] = []
  readonly #joined = new Map<string, StatementScope>()
  readonly #root: StatementScope
  /** Its tables are called as they are: expressions name them so. */
  #isOutermost = false

  /** That of a whole statement. */
  static outermost(definition: ModelDefinition): StatementScope {
    const names = new Names()
    const scope = new StatementScope(definition, names, names.take(definition.table.name))
    scope.#isOutermost = true
    for (let at = definition.parent; at !== null; at = at.parent) names.reserve(at.table.name)
    return scope
  }

  constructor(definition: ModelDefinition, names: Names, alias: string, root?: StatementScope) {
    this.definition = definition
    this.names = names
    this.alias = alias
    this.#root = root ?? this
  }

  get joins(): readonly JoinNode[] {
    return this.#joins
  }

  /** A column of the model's own table, or of the one that has the other half of its rows. */
  column(field: StoredField): ReferenceNode {
    if (field.definition === this.definition) return this.named(field.column)
    return this.parent().column(field)
  }

  named(column: string): ReferenceNode {
    return ReferenceNode.create(ColumnNode.create(column), TableNode.create(this.alias))
  }

  /** The row of the parent's table: there is one for each of these. */
  parent(): StatementScope {
    const { parent, keyFields } = this.definition
    if (parent === null) throw new Error(`${this.definition.tableName} has no parent`)
    // Behind an outer join there may be no row of either.
    return this.#join('(parent)', parent, this.#root === this ? 'InnerJoin' : 'LeftJoin', (joined) =>
      conjunction(keyFields.map((field) => equal(this.named(field.column), joined.column(parent.field(field.name))))),
    )
  }

  /** The row that a relation leads to; there may be none. */
  one(step: OneStep): StatementScope {
    const { field, target } = step
    return this.#join(step.name, target, 'LeftJoin', (joined) =>
      step.kind === 'forward'
        ? equal(this.column(field), joined.column(target.keyField))
        : equal(joined.column(field), this.column(this.definition.keyField)),
    )
  }

  /** Rows of a relation to many, as a scope of their own inside the EXISTS that this writes around their condition. */
  exists(step: Step & { readonly kind: 'reverse' | 'many' }, condition: (inner: StatementScope) => OperationNode): OperationNode {
    const inner = new StatementScope(step.target, this.names, this.names.take(step.name))
    const where = [condition(inner)]
    const from: OperationNode[] = [aliased(step.target.table, inner.alias)]
    if (step.kind === 'reverse') where.unshift(equal(inner.column(step.field), this.column(this.definition.keyField)))
    else {
      const link = this.names.take(`${step.name}_link`)
      const ofLink = (column: string) => ReferenceNode.create(ColumnNode.create(column), TableNode.create(link))
      // What is joined is joined to the last of them, and its condition sees no other.
      from.unshift(aliased(step.through.table, link))
      where.unshift(
        equal(ofLink(step.through.own), this.column(this.definition.keyField)),
        equal(ofLink(step.through.other), inner.column(step.target.keyField)),
      )
    }
    const select: SelectQueryNode = {
      kind: 'SelectQueryNode',
      from: FromNode.create(from),
      selections: [SelectionNode.create(RawNode.createWithSql('1') as unknown as ReferenceNode)],
      ...(inner.joins.length > 0 ? { joins: inner.joins } : {}),
      where: WhereNode.create(conjunction(where)),
    }
    return UnaryOperationNode.create(OperatorNode.create('exists'), select)
  }

  #join(
    name: string,
    target: ModelDefinition,
    type: 'LeftJoin' | 'InnerJoin',
    on: (joined: StatementScope) => OperationNode,
  ): StatementScope {
    const known = this.#joined.get(name)
    if (known !== undefined) return known
    const isOwn = name === '(parent)' && this.#isOutermost
    const alias = isOwn ? target.table.name : this.names.take(name === '(parent)' ? target.tableName : name)
    const joined = new StatementScope(target, this.names, alias, this.#root)
    joined.#isOutermost = isOwn
    this.#joined.set(name, joined)
    // What its condition joins in turn comes before it.
    const node = JoinNode.createWithOn(type, aliased(target.table, joined.alias), on(joined))
    this.#root.#joins.push(node)
    return joined
  }
}

function aliased(table: QualifiedName, alias: string): AliasNode {
  return AliasNode.create(tableNode(table), IdentifierNode.create(alias))
}

export function equal(left: OperationNode, right: OperationNode): OperationNode {
  return BinaryOperationNode.create(left, OperatorNode.create('='), right)
}

/** All of them; of none, it is true. */
export function conjunction(nodes: readonly OperationNode[]): OperationNode {
  const [first, ...others] = nodes
  if (first === undefined) return RawNode.createWithSql('1 = 1')
  return others.reduce<OperationNode>((left, right) => AndNode.create(left, right), first)
}

export function inBrackets(node: OperationNode): OperationNode {
  return ParensNode.create(node)
}
