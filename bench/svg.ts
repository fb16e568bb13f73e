import type { Machine } from './machine.ts'

const labels: Readonly<Record<string, string>> = {
  direct: 'better-sqlite3, directly',
  border: 'bare worker and port',
  piscina: 'Piscina task each',
  '@tursodatabase/database': '@tursodatabase',
}

/** What a client is called in a chart. */
export function labelOf(client: string): string {
  return labels[client] ?? client
}

/** What is written at the bottom of every chart. */
export function captionOf({ processor, cores, node, versions }: Machine, rounds: number | undefined): string {
  return `${processor}, ${cores} cores, Node.js ${node}, better-sqlite3 ${versions['better-sqlite3']}; medians of ${rounds} rounds. npm run bench`
}

export interface Card {
  readonly width: number
  readonly height: number
  /** For those who cannot see it. */
  readonly label: string
  readonly caption: string
}

/** A complete picture in the look of all charts. */
export function drawCard({ width, height, label, caption }: Card, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">`,
    style,
    `<rect width="${width}" height="${height}" rx="8" class="card"/>`,
    ...content,
    text(24, height - 14, caption, 'caption'),
    '</svg>',
    '',
  ].join('\n')
}

const style = `<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f; }
  .card { fill: #ffffff; stroke: #d0d7de; }
  .name { text-anchor: end; }
  .own { font-weight: 600; fill: #0a5fb4; }
  .title { font-weight: 600; }
  .unit, .caption, .tick { fill: #59636e; font-size: 11.5px; }
  .middle { text-anchor: middle; }
  .bar { fill: #b6c2cf; }
  .bar.own { fill: #1f7ae0; }
  .line { fill: none; stroke: #b6c2cf; stroke-width: 2; }
  .line.own { stroke: #1f7ae0; }
  .point { font-size: 11.5px; paint-order: stroke; stroke: #ffffff; stroke-width: 3; }
  .axis { stroke: #d0d7de; }
  .grid { stroke: #eaeef2; }
</style>`

/** Titles, units and captions stand on `y`, everything else has it in its middle. */
export function text(x: number, y: number, content: string, kind: string): string {
  const baseline = /title|unit|caption/.test(kind) ? y : y + 4.5
  return `<text x="${x.toFixed(1)}" y="${baseline.toFixed(1)}" class="${kind}">${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
