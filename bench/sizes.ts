/** What a case in proportion has more and more of: each size is the same multiple of the one before. */
export interface Sizes {
  readonly caseName: string
  readonly values: readonly number[]
  readonly one: string
  readonly many: string
}

export const rowSizes: Sizes = { caseName: 'rows-in-proportion', values: [1, 10, 100, 1_000, 10_000, 100_000], one: 'row', many: 'rows' }
export const inFlightSizes: Sizes = { caseName: 'in-flight-in-proportion', values: [1, 8, 64, 512], one: 'in flight', many: 'in flight' }
export const inFlightPerConnection = 16
export const connectionSizes: Sizes = {
  caseName: 'connections-in-proportion',
  values: [1, 2, 4, 8],
  one: 'connection',
  many: 'connections',
}

/** What the variant of a client is called that has so much: `offloop, 1,000 rows`. */
export function sizedName(client: string, size: number, { one, many }: Sizes): string {
  return `${client}, ${size.toLocaleString('en')} ${size === 1 ? one : many}`
}

/** For each size but the first, the names of an offloop variant and of the one before it. */
export function neighbours(sizes: Sizes): readonly { readonly of: string; readonly relativeTo: string }[] {
  const names = sizes.values.map((size) => sizedName('offloop', size, sizes))
  return names.slice(1).map((of, index) => ({ of, relativeTo: names[index] ?? '' }))
}
