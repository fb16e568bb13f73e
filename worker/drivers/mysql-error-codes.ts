import type { WireErrorFamily } from '../../src/protocol/wire-error.ts'

/**
 * PEP 249's families, by number, where the SQLSTATE does not tell them: it is HY000 for most, and 42000 for missing rights and limits as well.
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const FAMILIES: Readonly<Record<WireErrorFamily, readonly number[]>> = {
  // Duplicates, NULL and no default, foreign keys, a unique constraint.
  integrity: [1022, 1048, 1062, 1169, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 1859],
  operational: [
    // Connections, rights and limits.
    ...[1040, 1041, 1042, 1043, 1044, 1045, 1047, 1053, 1129, 1130, 1142, 1143, 1203, 1226, 1227, 1370, 1461, 1698, 1820, 1862, 3118],
    // Packets and connections that were broken.
    ...[1152, 1153, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1189, 1190, 1927, 3169, 4031],
    // Room, memory, files, engines.
    ...[1021, 1023, 1026, 1030, 1037, 1038, 1041, 1114, 1135, 1180, 1194, 1206, 1637],
    // Locks, timeouts, interruptions, read-only servers and transactions.
    ...[1020, 1028, 1099, 1100, 1205, 1207, 1213, 1223, 1290, 1317, 1615, 1792, 1836, 1969, 3024, 3101, 3572],
  ],
  programming: [
    ...[1007, 1008, 1046, 1049, 1050, 1051, 1052, 1054, 1060, 1061, 1064, 1065, 1066, 1068, 1072, 1091, 1093, 1096, 1097, 1109],
    ...[1110, 1111, 1115, 1136, 1137, 1146, 1166, 1193, 1210, 1231, 1232, 1241, 1243, 1247, 1248, 1304, 1305, 1318, 1327, 1414, 1568],
  ],
  data: [1242, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1416, 1426, 1427, 1441, 1525, 1526, 1690, 3140, 3141, 3156],
  notSupported: [1178, 1235, 1289, 1295],
  internal: [],
  argument: [],
  invalidRequest: [],
  resourceClosed: [],
  driverLoad: [],
  transactionAborted: [],
  cancelled: [],
  user: [],
}

const FAMILY_OF: ReadonlyMap<number, WireErrorFamily> = new Map(
  Object.entries(FAMILIES).flatMap(([family, numbers]) => numbers.map((number) => [number, family as WireErrorFamily] as const)),
)

/** By the class of the SQLSTATE. */
const CLASSES: Readonly<Record<string, WireErrorFamily>> = {
  '0A': 'notSupported',
  '21': 'programming',
  '22': 'data',
  '23': 'integrity',
  '42': 'programming',
  '3D': 'programming',
  '3F': 'programming',
}

/** What may succeed when it is done again: a deadlock, a lock that was not to be had, connections that are all taken. */
const RETRYABLE: ReadonlySet<number> = new Set([1020, 1040, 1205, 1213, 1615, 1637, 3101, 3572])

/** The connection is at its end behind these. */
const ENDING: ReadonlySet<number> = new Set([1053, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031])

/** MariaDB's own, which in MySQL are other errors or none; mysql2 knows MySQL's. */
const MARIADB: ReadonlyMap<number, readonly [name: string, family: WireErrorFamily]> = new Map([
  [1927, ['ER_CONNECTION_KILLED', 'operational']],
  [1969, ['ER_STATEMENT_TIMEOUT', 'operational']],
  [4025, ['ER_CONSTRAINT_FAILED', 'integrity']],
  [4037, ['ER_JSON_BAD_CHR', 'data']],
  [4038, ['ER_JSON_SYNTAX', 'data']],
])

/** From here on the two servers number their errors differently. */
const firstOfMariadb = 1900

export interface MysqlErrorKind {
  readonly name: string
  readonly family: WireErrorFamily
  readonly retryable: boolean
  readonly endsConnection: boolean
}

/** What kind of an error the server's is. `name` is mysql2's name for it. */
export function kindOfError(errno: number, sqlState: string, name: string | undefined, mariadb: boolean): MysqlErrorKind {
  const own = mariadb ? MARIADB.get(errno) : undefined
  const isForeign = mariadb && (errno >= 4000 || (errno >= firstOfMariadb && errno < 2000))
  const known = own?.[1] ?? (errno === 3819 ? 'integrity' : FAMILY_OF.get(errno))
  const isRollback = sqlState.startsWith('40')
  return {
    name: own?.[0] ?? (isForeign || name === undefined ? `ER_${errno}` : name),
    family: known ?? CLASSES[sqlState.slice(0, 2)] ?? 'operational',
    retryable: RETRYABLE.has(errno) || isRollback,
    endsConnection: ENDING.has(errno),
  }
}
