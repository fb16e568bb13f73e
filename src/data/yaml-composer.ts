import type { CST, Document, ErrorCode, ParsedNode, ScalarTag, Schema, Tags } from 'yaml'
import { exactNumber } from './json-text.ts'

/** Something is wrong at a place of the text, counted from 0. */
export class YamlDamage extends Error {
  readonly offset: number

  constructor(offset: number, complaint: string) {
    super(complaint)
    this.offset = offset
  }
}

/** A value, and where it stands. */
export class YamlValue {
  readonly value: unknown
  readonly offset: number
  readonly #node: ParsedNode | null

  constructor(value: unknown, node: ParsedNode | null, offset: number) {
    this.value = value
    this.#node = node
    this.offset = node?.range[0] ?? offset
  }

  /** Of a list. */
  get members(): readonly YamlValue[] {
    const nodes = this.#node !== null && 'items' in this.#node ? (this.#node.items as readonly unknown[]) : []
    const values: readonly unknown[] = Array.isArray(this.value) ? this.value : []
    // Behind an alias there are values without places of their own.
    return values.map((value, index) => new YamlValue(value, (nodes[index] ?? null) as ParsedNode | null, this.offset))
  }

  /** Of an object, by its name. */
  member(name: string): YamlValue {
    const pair = this.#pair(name)
    const value: unknown = (this.value as { readonly [name: string]: unknown })[name]
    return new YamlValue(value, pair?.value ?? null, pair?.key?.range[0] ?? this.offset)
  }

  #pair(name: string): MapPair | undefined {
    const node = this.#node
    if (node === null || !('items' in node)) return undefined
    return (node.items as readonly MapPair[]).find(({ key }) => key !== null && 'value' in key && key.value === name)
  }
}

interface MapPair {
  readonly key: ParsedNode | null
  readonly value: ParsedNode | null
}

/** Makes values of trees: of YAML 1.2's core types, `!!binary` and merge keys, and of nothing else. */
export class YamlComposer {
  readonly #yaml: typeof import('yaml')
  readonly #schema: Schema

  constructor(yaml: typeof import('yaml')) {
    this.#yaml = yaml
    this.#schema = new yaml.Schema({ schema: 'core', customTags: exactTags, merge: true, resolveKnownTags: false })
  }

  /** @throws {YamlDamage} it is no YAML, names a tag that is not known, or has aliases that make very much of very little */
  compose(tree: CST.Document): YamlValue {
    const composer = new this.#yaml.Composer({ schema: this.#schema as never, prettyErrors: false, stringKeys: true, logLevel: 'silent' })
    const [document] = composer.compose([tree])
    if (document === undefined) throw new YamlDamage(tree.offset, complaints.IMPOSSIBLE)
    const [damage] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])
    if (damage !== undefined) throw new YamlDamage(damage.pos[0], complaints[damage.code])
    return new YamlValue(this.#plainValue(document), document.contents, tree.offset)
  }

  #plainValue(document: Document.Parsed): unknown {
    try {
      return document.toJS({ maxAliasCount: 100 })
    } catch {
      throw this.#referenceDamage(document)
    }
  }

  /** What only shows when aliases are followed: they lead nowhere, or to too much, or to no object where one is merged. */
  #referenceDamage(document: Document.Parsed): YamlDamage {
    const anchors = new Set<string>()
    const aliases: { readonly source: string; readonly offset: number; readonly isKnown: boolean }[] = []
    let merged: number | undefined
    this.#yaml.visit(document, {
      Node: (_key, node) => {
        if ('anchor' in node && node.anchor !== undefined) anchors.add(node.anchor)
      },
      Alias: (_key, { source, range }) => {
        aliases.push({ source, offset: range?.[0] ?? document.range[0], isKnown: anchors.has(source) })
      },
      Pair: (_key, { key, value }) => {
        const isMerge = this.#yaml.isScalar(key) && key.value === '<<'
        if (isMerge && !this.#yaml.isMap(value) && !this.#yaml.isSeq(value) && !this.#yaml.isAlias(value)) merged ??= key.range?.[0]
      },
    })
    const unknown = aliases.find(({ isKnown }) => !isKnown)
    if (unknown !== undefined) return new YamlDamage(unknown.offset, 'found an alias whose anchor is not in a row before it')
    if (merged !== undefined) return new YamlDamage(merged, 'expected an object, or an alias of one, behind "<<"')
    const last = aliases.at(-1)?.offset ?? document.range[0]
    return new YamlDamage(
      last,
      'found aliases that stand for no object where one is merged, or would make far more of the file than is in it',
    )
  }
}

/** The library's own messages show the data. */
export const complaints: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias has neither tag nor anchor',
  BAD_ALIAS: 'found an alias that is none',
  BAD_COLLECTION_TYPE: 'a tag does not fit the list or object behind it',
  BAD_DIRECTIVE: 'expected no directive but %YAML 1.2',
  BAD_DQ_ESCAPE: 'found an escape that YAML does not know',
  BAD_INDENT: 'a line is not indented as those that belong to it',
  BAD_PROP_ORDER: 'an anchor or a tag is at the wrong place',
  BAD_SCALAR_START: 'found a character that no text without quotes begins with',
  BLOCK_AS_IMPLICIT_KEY: 'a block cannot begin inside another one on the same line',
  BLOCK_IN_FLOW: 'found a block inside of brackets',
  DUPLICATE_KEY: 'a key is there already',
  IMPOSSIBLE: 'expected YAML',
  KEY_OVER_1024_CHARS: 'expected a key of at most 1,024 characters',
  MISSING_CHAR: 'something is missing: a quote, a bracket, a comma, or a space behind a colon or dash',
  MULTILINE_IMPLICIT_KEY: 'a key cannot go over several lines',
  MULTIPLE_ANCHORS: 'a value has one anchor',
  MULTIPLE_DOCS: 'expected one document',
  MULTIPLE_TAGS: 'a value has one tag',
  NON_STRING_KEY: 'expected a text as a key',
  RESOURCE_EXHAUSTION: 'found more levels inside each other than can be read',
  TAB_AS_INDENT: 'found a tab where YAML is indented by spaces',
  TAG_RESOLVE_FAILED: 'found a tag that stands for none of the plain values: nothing else is made of a file',
  UNEXPECTED_TOKEN: 'found what YAML has no place for here',
}

/** The core types, whose numbers keep all of their digits. */
function exactTags(tags: Tags): Tags {
  const kept = tags.filter(
    (tag) => typeof tag === 'string' || (tag.tag !== 'tag:yaml.org,2002:int' && tag.tag !== 'tag:yaml.org,2002:float'),
  )
  return [...kept, ...numberTags, 'binary']
}

const int = 'tag:yaml.org,2002:int'
const float = 'tag:yaml.org,2002:float'

// https://yaml.org/spec/1.2.2/#1032-tag-resolution
const numberTags: readonly ScalarTag[] = [
  { tag: int, default: true, test: /^[-+]?[0-9]+$/, resolve: (text) => exactNumber(jsonNumber(text)) },
  { tag: int, default: true, test: /^0o[0-7]+$/, resolve: (text) => exactNumber(BigInt(text).toString()) },
  { tag: int, default: true, test: /^0x[0-9a-fA-F]+$/, resolve: (text) => exactNumber(BigInt(text).toString()) },
  { tag: float, default: true, test: /^[-+]?\.(?:inf|Inf|INF)$/, resolve: (text) => (text.startsWith('-') ? '-Infinity' : 'Infinity') },
  { tag: float, default: true, test: /^\.(?:nan|NaN|NAN)$/, resolve: () => 'NaN' },
  {
    tag: float,
    default: true,
    test: /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/,
    resolve: (text) => exactNumber(jsonNumber(text)),
  },
]

/** As JSON writes it: YAML has more ways. */
function jsonNumber(text: string): string {
  return text
    .replace('+', '')
    .replace(/^(-?)0+(?=\d)/, '$1')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=e|E|$)/, '')
}
