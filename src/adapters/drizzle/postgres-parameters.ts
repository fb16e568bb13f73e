/** What node-postgres sends and the engine would refuse, as node-postgres sends it: plain objects as JSON, NaN by its name, undefined as NULL. */
export function toPostgresParameters(values: readonly unknown[]): unknown[] {
  return values.map(toPostgresParameter)
}

function toPostgresParameter(value: unknown): unknown {
  if (value === undefined) return null
  if (Number.isNaN(value)) return 'NaN'
  if (Array.isArray(value)) return toPostgresParameters(value)
  return isPlainObject(value) ? JSON.stringify(value) : value
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
