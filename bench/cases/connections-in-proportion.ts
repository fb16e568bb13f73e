import { createEngine } from 'offloop'
import type { BenchCase, CaseContext, Prepared } from '../bench-case.ts'
import { type Item, idAt, selectItem } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { connectionSizes, inFlightPerConnection, sizedName } from '../sizes.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000

export const connectionsInProportion: BenchCase = {
  module: import.meta.url,
  name: connectionSizes.caseName,
  title: `point select, 1 to 8 connections of one engine, ${inFlightPerConnection} in flight on each`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 20_000),
  maxRounds: 5,
  // No cliff: threads that share too few cores may cost a little, and do no less than one connection otherwise.
  targets: connectionSizes.values.slice(1).map((size) => ({
    of: sizedName('offloop', size, connectionSizes),
    metric: 'operationsPerSecond',
    atLeast: 0.8,
    relativeTo: sizedName('offloop', 1, connectionSizes),
  })),
  variants(context) {
    const count = this.operations(context.quick)
    return connectionSizes.values.map((size) => ({
      name: sizedName('offloop', size, connectionSizes),
      prepare: () => throughConnections(context, size, count),
    }))
  },
}

async function throughConnections({ files }: CaseContext, size: number, count: number): Promise<Prepared> {
  const engine = createEngine(urlOf(files.copy(rows)))
  const connections = await Promise.all(Array.from({ length: size }, () => engine.connect()))
  const share = count / size
  const run = async () => {
    const shares = await Promise.all(
      connections.map((connection, at) =>
        gatherTasks(inFlightPerConnection, share, (index) =>
          connection.execute<Item>(selectItem, [idAt(at * share + index, rows)]).first(),
        ),
      ),
    )
    return { answer: () => shares.flat() }
  }
  return { run, close: () => engine.close() }
}
