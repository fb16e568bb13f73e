/** An object mapper, as a program uses it: each in the way that its own documentation shows for a request of a server. */
export interface Mapper {
  /** The instance with that id. */
  get(id: number): Promise<object>
  /** The instances whose ids are from `from` to `to`, both included, in the order of their ids. */
  between(from: number, to: number): Promise<readonly object[]>
  close(): Promise<void>
}

/** A mapper that could be loaded. */
export interface MapperFactory {
  readonly name: string
  open(file: string): Promise<Mapper>
}
