import type { Command } from 'commander'

/** One word behind `offloop`. Its file is loaded when it is asked for: a command is as quick to begin as what it needs. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly define: () => Promise<(command: Command) => void>
}

export const commandList: readonly CommandEntry[] = [
  {
    name: 'query',
    summary: 'run SQL; rows are a table, JSON, JSON Lines or CSV',
    define: async () => (await import('./query-command.ts')).defineQuery,
  },
  {
    name: 'shell',
    summary: 'type SQL at a prompt, with a history and completion',
    define: async () => (await import('./shell/shell-command.ts')).defineShell,
  },
  {
    name: 'inspect',
    summary: 'show tables, columns, keys and indexes, or draw them',
    define: async () => (await import('./inspect/inspect-command.ts')).defineInspect,
  },
  {
    name: 'migrate',
    summary: 'apply, take back, write and list migrations',
    define: async () => (await import('./migrate-command.ts')).defineMigrate,
  },
  {
    name: 'import',
    summary: 'put a YAML, JSON, JSON Lines or CSV file into tables',
    define: async () => (await import('./data/import-command.ts')).defineImport,
  },
  {
    name: 'export',
    summary: 'write tables or a query as YAML, JSON, JSON Lines or CSV',
    define: async () => (await import('./data/export-command.ts')).defineExport,
  },
  {
    name: 'backup',
    summary: 'copy an SQLite database while it is used',
    define: async () => (await import('./backup-command.ts')).defineBackup,
  },
  {
    name: 'bench',
    summary: 'compare the engine with the driver on the same thread',
    define: async () => (await import('./bench/bench-command.ts')).defineBench,
  },
  {
    name: 'build-interrupt',
    summary: 'build the extension that stops a native call',
    define: async () => (await import('./build-interrupt-command.ts')).defineBuildInterrupt,
  },
]
