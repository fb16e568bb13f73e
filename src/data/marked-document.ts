/** The only member of an object that stands for a document. */
const mark = '$json'

/**
 * A document as it stands in a row: null would be NULL, and is `{"$json": null}`. So is an object that looks like that one.
 *
 * @param text the document's own
 * @param value what it describes
 */
export function documentMark(text: string, value: unknown): string {
  return value === null || isMarked(value) ? `{"${mark}":${text}}` : text
}

/** The document that stands in a row. */
export function markedDocument(value: unknown): unknown {
  return isMarked(value) ? value[mark] : value
}

function isMarked(value: unknown): value is { readonly [mark]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const [name, ...others] = Object.keys(value)
  return name === mark && others.length === 0
}
