export type Parameter = string | number
export type Row = object

/** One way to a SQLite file. The workload is written against it once, so both ways run the same SQL and give answers that can be compared. */
export interface Store {
  readonly name: string
  script(sql: string): Promise<void>
  /** Runs one statement for each row, in one transaction, and gives the number of rows inserted. */
  insertMany(sql: string, rows: Iterable<readonly Parameter[]>): Promise<number>
  one<R extends Row>(sql: string, parameters: readonly Parameter[]): Promise<R | null>
  all<R extends Row>(sql: string, parameters?: readonly Parameter[]): Promise<readonly R[]>
  /** Rows one at a time, without ever holding them all. */
  stream<R extends Row>(sql: string): AsyncIterable<R>
  /** Commits when `work` returns, rolls back when it throws. `work` gets a function that runs a statement and gives the rows it changed. */
  transaction<T>(work: (run: RunStatement) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type RunStatement = (sql: string, parameters: readonly Parameter[]) => Promise<number>
