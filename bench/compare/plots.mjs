// A comparison as a picture: for each measure both medians as bars, with every sample that counts as a dot on them; and
// where latencies were recorded, the whole of them by percentile.
//
// ECharts draws: it is the one widely kept library that writes SVG from Node without a browser or a DOM, as one package
// with one dependency besides its own renderer.
import { importPackage } from './packages.mjs'
import { digits } from './statistics.mjs'

const PANEL_WIDTH = 300
const PANEL_HEIGHT = 260
const MARGIN = { left: 60, right: 24, top: 64, bottom: 44 }
const COLOURS = { ours: '#2563a8', theirs: '#c2603a' }
const MEASURES_MAX = 4

/** Resolves to the text of an SVG. */
export async function plot(result) {
  const echarts = await importPackage('echarts')
  const panels = result.variants.map((variant) => panelsOf(result, variant))
  const width = Math.max(...panels.map((row) => row.length)) * PANEL_WIDTH
  const height = panels.length * PANEL_HEIGHT + 30
  const option = { animation: false, backgroundColor: '#ffffff', title: [], grid: [], xAxis: [], yAxis: [], series: [] }
  option.title.push({ text: `${result.row.number}: ${result.row.title}`, left: 8, top: 4, textStyle: { fontSize: 14 } })
  panels.forEach((row, line) => {
    row.forEach((panel, column) => {
      place(option, panel, column * PANEL_WIDTH, line * PANEL_HEIGHT + 30)
    })
  })
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

function panelsOf(result, { variant, pairs, measures, latency }) {
  const valid = pairs.filter((pair) => !pair.isVoid)
  const targeted = measures.filter(({ target }) => target !== null)
  const shown = [...targeted, ...measures.filter(({ target }) => target === null)].slice(0, MEASURES_MAX)
  const names = [result.ours.title, result.theirs.title]
  const bars = shown.map((measure) => barPanel(names, variant, measure, valid))
  const curves = curvePanel(names, variant, latency)
  return curves === null ? bars : [...bars, curves]
}

function barPanel(names, variant, { key, title, unit, ours, theirs, ratio }, pairs) {
  const named = [ours, theirs].map(({ median }, index) => `${names[index]}\n${digits(median)}`)
  const samples = (side, index) => pairs.map((pair) => [index, pair[side].values[key]])
  return {
    title: unit === '' ? title : `${title}, ${unit}`,
    subtitle: `${variant}: ${digits(ratio.median)} times better`,
    xAxis: { type: 'category', data: named, axisTick: { show: false } },
    yAxis: { type: 'value', min: 0, splitNumber: 4 },
    series: [
      {
        type: 'bar',
        barWidth: '45%',
        data: [ours, theirs].map(({ median }, index) => ({
          value: median,
          itemStyle: { color: index === 0 ? COLOURS.ours : COLOURS.theirs },
        })),
      },
      {
        type: 'scatter',
        symbolSize: 6,
        itemStyle: { color: '#ffffff', borderColor: '#222222' },
        data: [...samples('ours', 0), ...samples('theirs', 1)],
      },
    ],
  }
}

/** Latency over percentile, each tenth of what is left as wide as the one before. Null if nothing was recorded. */
function curvePanel(names, variant, latency) {
  if (latency === null) return null
  const nines = (label) => `${Number((100 - 100 / 10 ** label).toPrecision(7))}%`
  return {
    title: 'latency, ms',
    subtitle: variant,
    xAxis: { type: 'value', min: 0, max: 5, interval: 1, axisLabel: { formatter: nines, fontSize: 9 } },
    yAxis: { type: 'log', min: 'dataMin', axisLabel: { formatter: digits } },
    series: ['ours', 'theirs'].map((side, index) => ({
      name: names[index],
      type: 'line',
      showSymbol: false,
      lineStyle: { color: COLOURS[side], width: 2 },
      data: curveOf(latency[side]),
    })),
  }
}

/** Of [nanoseconds, count]: how many nines, and the milliseconds within which so many are. */
function curveOf(buckets) {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0)
  const points = []
  let seen = 0
  for (const [nanoseconds, count] of buckets) {
    points.push([Math.min(5, -Math.log10(1 - seen / total)), nanoseconds / 1e6])
    seen += count
  }
  return points
}

function place(option, panel, left, top) {
  const index = option.grid.length
  option.title.push({
    text: panel.title,
    subtext: panel.subtitle,
    left: left + 8,
    top: top + 4,
    itemGap: 4,
    textStyle: { fontSize: 12 },
    subtextStyle: { fontSize: 11, color: '#555555' },
  })
  option.grid.push({
    left: left + MARGIN.left,
    top: top + MARGIN.top,
    width: PANEL_WIDTH - MARGIN.left - MARGIN.right,
    height: PANEL_HEIGHT - MARGIN.top - MARGIN.bottom,
  })
  option.xAxis.push({ gridIndex: index, ...panel.xAxis })
  option.yAxis.push({ gridIndex: index, ...panel.yAxis })
  for (const series of panel.series) option.series.push({ xAxisIndex: index, yAxisIndex: index, ...series })
}
