import { inspect, type TableDescription } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDatabases } from '../../conformance/targets.ts'
import { chinook, chinookTables } from './chinook.ts'
import { dialectOf, engineOf } from './databases.ts'
import { northwind, northwindChecks, northwindTables } from './northwind.ts'
import { expectedOutline, namesOf, outlineOf, snakeCase } from './sample.ts'

describeDatabases((fixture) => {
  const dialect = dialectOf(fixture)
  const spell = dialect === 'postgresql' ? snakeCase : (name: string) => name

  describe('Chinook', () => {
    test('has its 11 tables, their columns, keys, foreign keys and indexes', async () => {
      const tables = await inspect(await engineOf(fixture, chinook[dialect])).describe()
      expect(tables.map(outlineOf)).toEqual(chinookTables.map((table) => expectedOutline(table, spell)).sort(byName))
    })

    test('names its foreign keys and indexes as its edition does', async () => {
      const inspector = inspect(await engineOf(fixture, chinook[dialect]))
      for (const { name, foreignKeys } of chinookTables) {
        const expected = foreignKeys.map(([column]) => namesOf(dialect, name, column))
        expect((await inspector.foreignKeys(spell(name))).map((key) => key.name)).toEqual(expected.map(({ foreignKey }) => foreignKey))
        expect((await inspector.indexes(spell(name))).map((index) => index.name)).toEqual(expected.map(({ index }) => index))
      }
    })
  })

  describe('Northwind', () => {
    const described = async () => inspect(await engineOf(fixture, northwind[dialect])).describe()

    test('has its 13 tables, their columns, keys, foreign keys and indexes', async () => {
      expect((await described()).map(outlineOf)).toEqual(northwindTables.map((table) => expectedOutline(table, (name) => name)))
    })

    test('has its checks by their names', async () => {
      const checks = (await described())
        .filter((table) => table.checks.length > 0)
        .map(({ name, checks: of }) => [name, of.map((check) => check.name)])
      expect(Object.fromEntries(checks)).toEqual(northwindChecks)
    })

    test('has the defaults of its columns', async () => {
      const tables = await described()
      const defaultsOf = (name: string) => (one(tables, name).columns ?? []).map((column) => column.default).filter((text) => text !== null)
      expect(defaultsOf('Orders').map(Number)).toEqual([0])
      expect(defaultsOf('Order Details').map(Number)).toEqual([0, 1, 0])
      expect(defaultsOf('Products').slice(0, 4).map(Number)).toEqual([0, 0, 0, 0])
      expect(['0', 'false']).toContain(defaultsOf('Products')[4])
    })

    test('deletes the details of an order with it, and nothing else with anything', async () => {
      const cascades = (await described()).flatMap(({ name, foreignKeys }) =>
        foreignKeys.filter(({ onDelete }) => onDelete === 'cascade').map((key) => [name, key.name]),
      )
      expect(cascades).toEqual([['Order Details', 'FK_Order_Details_Orders']])
    })
  })
})

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1
}

function one(tables: readonly TableDescription[], name: string): TableDescription {
  const table = tables.find((candidate) => candidate.name === name)
  if (table === undefined) throw new Error(`Expected a table ${name}, found none.`)
  return table
}
