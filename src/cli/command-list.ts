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
    summary: 'run SQL, and print rows as a table, JSON, JSON Lines or CSV',
    define: async () => (await import('./query-command.ts')).defineQuery,
  },
  {
    name: 'shell',
    summary: 'type SQL at a prompt, with a history and completion',
    define: async () => (await import('./shell/shell-command.ts')).defineShell,
  },
  {
    name: 'inspect',
    summary: 'show tables, columns, keys, indexes and constraints, or draw them as a diagram',
    define: async () => (await import('./inspect/inspect-command.ts')).defineInspect,
  },
  {
    name: 'migrate',
    summary: 'apply, take back, write and list migrations',
    define: async () => (await import('./migrate-command.ts')).defineMigrate,
  },
  {
    name: 'import',
    summary: 'put the rows of a YAML, JSON, JSON Lines or CSV file into tables, all of them or none',
    define: async () => (await import('./data/import-command.ts')).defineImport,
  },
  {
    name: 'export',
    summary: 'write tables, or the rows of a query, as YAML, JSON, JSON Lines or CSV',
    define: async () => (await import('./data/export-command.ts')).defineExport,
  },
  {
    name: 'backup',
    summary: 'copy an SQLite database while it is used',
    define: async () => (await import('./backup-command.ts')).defineBackup,
  },
  {
    name: 'bench',
    summary: 'compare a query through the engine with the driver on the same thread',
    define: async () => (await import('./bench/bench-command.ts')).defineBench,
  },
  {
    name: 'build-interrupt',
    summary: 'build the extension that stops a statement inside a native call',
    define: async () => (await import('./build-interrupt-command.ts')).defineBuildInterrupt,
  },
]
