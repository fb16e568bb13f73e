import type { EnumDescription, TableDescription, TriggerDescription } from './descriptions.ts'

/** Which tables a catalog is to describe. */
export interface DescribeRequest {
  /** Undefined: where a name without a schema is looked for. */
  readonly schema: string | undefined
  /** Tables and views of these names, those that exist; undefined: all. */
  readonly names: readonly string[] | undefined
  /** Of all, views too. */
  readonly views: boolean
}

/** A table, and the name under which it was asked for: databases fold capitals, or cut names. */
export interface FoundTable {
  readonly asked: string
  readonly table: TableDescription
}

/**
 * What a database knows about itself, read in as few statements as it allows. Names are checked by whoever calls; of what does not exist nothing
 * is found.
 */
export interface Catalog {
  /** But for the server's own. */
  schemas(): Promise<string[]>
  /** The server's own count. */
  hasSchema(schema: string): Promise<boolean>
  tableNames(schema: string | undefined): Promise<string[]>
  viewNames(schema: string | undefined): Promise<string[]>
  has(name: string, schema: string | undefined): Promise<boolean>
  enums(schema: string | undefined): Promise<EnumDescription[]>
  triggers(schema: string | undefined): Promise<TriggerDescription[]>
  /** In the order of their names; each table once for each name that was asked for. */
  describe(request: DescribeRequest): Promise<FoundTable[]>
}
