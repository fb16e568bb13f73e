/** Types of columns and parameters on the wire. https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
export const FieldType = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  varchar: 15,
  bit: 16,
  vector: 242,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const

export const FieldFlag = { unsigned: 32, enum: 256, autoIncrement: 512, set: 2048 } as const

/** The character set of bytes. */
export const binaryCharset = 63
