import { ArgumentError } from 'offloop'
import { paginate } from 'offloop/dal'
import { describe, expect, test } from 'vitest'

const rows = (count: number) => Array.from({ length: count }, (_, index) => index)
const site = 'https://mysite.com/v1/book/'

describe('the URL of the next page', () => {
  test('gets an offset and a limit where it has none', () => {
    const results = rows(100)
    const page = paginate({ url: site, offset: 0, limit: 100, results, totalCount: 200 })
    expect(page).toEqual({ nextUrl: `${site}?offset=100&limit=100`, totalCount: 200, results })
  })

  test('keeps its other parameters, and is cut from where it is told to', () => {
    const page = paginate({ url: `${site}?some_param=42`, offset: 0, limit: 100, results: rows(100), totalCount: 200, urlStart: '/v1' })
    expect(page.nextUrl).toBe('/v1/book/?some_param=42&offset=100&limit=100')
  })

  test('gets another offset where it has one', () => {
    const page = paginate({
      url: `${site}?offset=0&limit=100`,
      offset: 0,
      limit: 100,
      results: rows(100),
      totalCount: 200,
      urlStart: '/v1',
    })
    expect(page.nextUrl).toBe('/v1/book/?offset=100&limit=100')
  })

  test('is null on the last page', () => {
    const url = `${site}?offset=100&limit=100`
    expect(paginate({ url, offset: 100, limit: 100, results: rows(100), totalCount: 200 }).nextUrl).toBeNull()
    expect(paginate({ url, offset: 100, limit: 100, results: rows(7), totalCount: 107 }).nextUrl).toBeNull()
  })

  test('is null where there is nothing at all', () => {
    const url = `${site}?offset=100&limit=100`
    expect(paginate({ url, offset: 100, limit: 100, results: [], totalCount: 0 })).toEqual({ nextUrl: null, totalCount: 0, results: [] })
    expect(paginate({ url, offset: 0, limit: 100, results: [], totalCount: null })).toEqual({ nextUrl: null, totalCount: 0, results: [] })
  })

  test('has the offset of the first row that is left', () => {
    const page = paginate({
      url: `${site}?offset=50&limit=100`,
      offset: 50,
      limit: 100,
      results: rows(50),
      totalCount: 200,
      urlStart: '/v1',
    })
    expect(page.nextUrl).toBe('/v1/book/?offset=150&limit=100')
  })

  test('keeps the limit that it has', () => {
    const page = paginate({ url: '/books?limit=10', offset: 0, limit: 10, results: rows(10), totalCount: 20 })
    expect(page.nextUrl).toBe('/books?limit=10&offset=10')
  })

  test('is not taken in by other parameters, a fragment, or a URL object', () => {
    const next = (url: string | URL, urlStart?: string) =>
      paginate({ url, offset: 2, limit: 2, results: rows(2), totalCount: 9, urlStart }).nextUrl
    expect(next('/b?xoffset=2&nolimit=2')).toBe('/b?xoffset=2&nolimit=2&offset=4&limit=2')
    expect(next('/b?q=a%20b&offset=2#top')).toBe('/b?q=a%20b&offset=4#top')
    expect(next('/b?q=$&#top')).toBe('/b?q=$&offset=4&limit=2#top')
    expect(next(new URL('https://h/v1/b?offset=2'), '/v1')).toBe('/v1/b?offset=4')
    expect(next('/b', '/v9')).toBe('/b?offset=4&limit=2')
  })

  test('is null with a limit of 0, which leads nowhere', () => {
    expect(paginate({ url: '/b', offset: 0, limit: 0, results: [], totalCount: 3 }).nextUrl).toBeNull()
  })
})

test.for([{ offset: -1 }, { limit: 1.5 }, { limit: Number.NaN }, { totalCount: -1 }, { offset: '1' as never }])(
  '%j is refused',
  (wrong) => {
    expect(() => paginate({ url: '/b', offset: 0, limit: 1, results: [], totalCount: 1, ...wrong })).toThrow(ArgumentError)
  },
)
