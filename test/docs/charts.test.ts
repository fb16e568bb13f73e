import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawCharts } from '../../bench/write-charts.ts'
import { root } from '../architecture/source-file.ts'
import { readPages } from './page.ts'

const charts = drawCharts(join(root, 'bench'))

test.for([...charts])('%s is what the results say', ([name, chart]) => {
  expect(readFileSync(join(root, 'bench', name), 'utf8')).toBe(chart)
})

test('every chart is shown somewhere', () => {
  const links = readPages().flatMap((page) => page.links)
  expect([...charts.keys()].filter((name) => !links.some((link) => link.endsWith(`bench/${name}`)))).toEqual([])
})
