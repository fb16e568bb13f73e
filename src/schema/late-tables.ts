import type { Catalogue } from './table-shape.ts'

/** What makes tables when they are asked for: models, whose relations lead to models that are defined later. */
export interface TableMaker {
  /** Makes the table of a key, if it is one of its own and is not there. */
  make(key: string): void
  /** Makes all that are not there. */
  makeAll(): void
}

const makers = new WeakMap<Catalogue, TableMaker[]>()

/** From now on a catalogue asks for these tables, too. */
export function addMaker(catalogue: Catalogue, maker: TableMaker): void {
  makers.set(catalogue, [...makersOf(catalogue), maker])
}

export function makersOf(catalogue: Catalogue): readonly TableMaker[] {
  return makers.get(catalogue) ?? []
}
