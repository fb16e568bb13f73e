import { createPool, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import type { Item } from './item.ts'

export type ServerName = 'postgresql' | 'mysql'

/** One way to ask a server, with a pool of its own. */
export interface ServerClient {
  get(id: number): Promise<Item | null | undefined>
  all(): Promise<readonly Item[]>
  close(): Promise<void>
}

export function serverUrl(server: ServerName): string {
  return server === 'postgresql'
    ? (process.env['OFFLOOP_TEST_POSTGRES_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/test')
    : (process.env['OFFLOOP_TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test')
}

/** The driver itself on the thread that is measured, as its own documentation shows it: prepared statements where it has them. */
export function openServer(server: ServerName, url: string, table: string, connections: number): ServerClient {
  return server === 'postgresql' ? openPg(url, table, connections) : openMysql(url, table, connections)
}

function openPg(url: string, table: string, max: number): ServerClient {
  const pool = new pg.Pool({ connectionString: url, max })
  return {
    get: async (id) => {
      const text = `select id, name, price, quantity, note from ${table} where id = $1`
      return (await pool.query<Item>({ name: 'get', text, values: [id] })).rows[0]
    },
    all: async () => (await pool.query<Item>(`select id, name, price, quantity, note from ${table} order by id`)).rows,
    close: () => pool.end(),
  }
}

function openMysql(uri: string, table: string, connectionLimit: number): ServerClient {
  const pool = createPool({ uri, connectionLimit })
  return {
    get: async (id) => {
      const [rows] = await pool.execute<(RowDataPacket & Item)[]>(`select id, name, price, quantity, note from ${table} where id = ?`, [id])
      return rows[0]
    },
    all: async () => (await pool.query<(RowDataPacket & Item)[]>(`select id, name, price, quantity, note from ${table} order by id`))[0],
    close: () => pool.end(),
  }
}
