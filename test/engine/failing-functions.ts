export function throwRangeError(): never {
  throw new RangeError('out of range')
}

export function throwCoded(): never {
  throw Object.assign(new Error('coded'), { code: 'E_CODED' })
}

export function throwText(): never {
  // biome-ignore lint/style/useThrowOnlyError: a user may
  throw 'a text'
}

export function throwUncloneable(): never {
  throw Object.assign(new TypeError('has a function'), { detail: () => {} })
}

export function returnUncloneable(): unknown {
  return () => {}
}

export function failInSql(handle: { exec(sql: string): unknown }): void {
  handle.exec('select * from missing')
}
