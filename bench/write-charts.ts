import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawChart } from './chart.ts'
import type { Machine } from './machine.ts'
import { drawProportions } from './proportions.ts'
import type { CaseResult } from './report.ts'
import { drawServers } from './servers-chart.ts'

/** Every picture that can be drawn of some results, beside them. */
const charts = { 'chart.svg': drawChart, 'proportions.svg': drawProportions, 'servers.svg': drawServers } as const

/** The pictures of the results.json in a directory, by their names. One of whose cases were not run is left out. */
export function drawCharts(directory: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(directory, 'results.json'), 'utf8')
  const { machine, cases }: { readonly machine: Machine; readonly cases: readonly CaseResult[] } = JSON.parse(text)
  const drawn = Object.entries(charts).map(([name, draw]) => [name, draw(cases, machine)] as const)
  return new Map(drawn.flatMap(([name, chart]) => (chart === null ? [] : [[name, chart] as const])))
}

/** Writes the pictures beside their results.json; gives their paths. */
export function writeCharts(directory: string): readonly string[] {
  return [...drawCharts(directory)].map(([name, chart]) => {
    const path = join(directory, name)
    writeFileSync(path, chart)
    return path
  })
}
