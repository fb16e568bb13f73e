import { ArgumentError } from '../errors.ts'

/** One page of a list, and where the next one is. */
export interface Page<R> {
  /** Null on the last page. */
  readonly nextUrl: string | null
  readonly totalCount: number
  readonly results: R[]
}

/** The rows of a page, and what they are a page of. */
export interface PageRequest<R> {
  /** Of the request that this page answers. */
  readonly url: string | URL
  readonly offset: number
  readonly limit: number
  readonly results: R[]
  /** How many there are on all pages. */
  readonly totalCount: number | bigint | null
  /** The next URL begins with this part of it, '/v1', and leaves out what stands before. */
  readonly urlStart?: string | undefined
}

/**
 * A page of results with the URL of the next one: that of the request with another offset. Its other parameters stay as they are; where it names
 * no offset it gets one, and a limit if it has none.
 *
 * @example
 * paginate({ url: '/v1/books', offset: 0, limit: 2, results, totalCount: 5 }).nextUrl // '/v1/books?offset=2&limit=2'
 * @throws {ArgumentError} offset, limit or count is no whole number of 0 or more
 */
export function paginate<R>({ url, offset, limit, results, totalCount, urlStart }: PageRequest<R>): Page<R> {
  checkCount(offset, 'offset')
  checkCount(limit, 'limit')
  const total = Number(totalCount ?? 0)
  checkCount(total, 'totalCount')
  const remainder = total - results.length - offset
  // With a limit of 0 the next page would be this one.
  const hasNext = total > 0 && remainder > 0 && limit > 0
  return { nextUrl: hasNext ? nextUrl(cutFrom(String(url), urlStart), offset + limit, limit) : null, totalCount: total, results }
}

/** @throws {ArgumentError} it is no whole number of 0 or more */
export function checkCount(value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new ArgumentError(`"${name}" must be a whole number, 0 or more.`)
}

function nextUrl(url: string, offset: number, limit: number): string {
  const hash = url.indexOf('#')
  const [address, fragment] = hash === -1 ? [url, ''] : [url.slice(0, hash), url.slice(hash)]
  if (/[?&]offset=/.test(address)) return address.replace(/([?&]offset=)[^&]*/, (_, name: string) => `${name}${offset}`) + fragment
  const added = /[?&]limit=/.test(address) ? `offset=${offset}` : `offset=${offset}&limit=${limit}`
  const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&'
  return `${address}${joint}${added}${fragment}`
}

/** A URL in which the part does not occur stays whole. */
function cutFrom(url: string, start: string | undefined): string {
  const at = start === undefined || start === '' ? 0 : url.indexOf(start)
  return at > 0 ? url.slice(at) : url
}
