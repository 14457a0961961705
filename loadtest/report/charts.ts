/**
 * The report's charts, as SVG that stands in the page: drawn by Apache ECharts without a browser, so that the
 * report needs no script and no network, and prints.
 */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { EChartsOption, LineSeriesOption, SeriesOption } from 'echarts';

use([
  BarChart,
  GridComponent,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  TitleComponent,
]);

/** A point; y undefined or null leaves a gap. */
export type Point = readonly [x: number, y: number | null | undefined];

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: string;
  /** Lines of one stack lie on one another, filled. */
  readonly stack?: string;
  readonly dashed?: boolean;
  /** Marks instead of a line. */
  readonly marks?: 'circle' | 'triangle' | 'emptyCircle' | 'diamond';
}

export interface Chart {
  /** What a person who cannot see it is told. */
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  readonly yLog?: boolean;
  readonly xLog?: boolean;
  readonly yMin?: number;
  readonly yMax?: number;
  /** Vertical lines, such as the release. */
  readonly verticals?: readonly { readonly at: number; readonly name: string }[];
  /** Horizontal ones, such as the objective. */
  readonly horizontals?: readonly { readonly at: number; readonly name: string }[];
  readonly height?: number;
}

/** Told apart also by people who see few colours (Okabe and Ito), and in grey by their lightness. */
export const COLOURS = {
  blue: '#0072b2',
  orange: '#e69f00',
  red: '#d55e00',
  green: '#009e73',
  sky: '#56b4e9',
  grey: '#888888',
  black: '#222222',
} as const;

const WIDTH = 860;
const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** Draws a chart; the text is SVG. */
export function drawChart(chart: Chart): string {
  const height = chart.height ?? 300;
  const instance = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  instance.setOption(optionOf(chart));
  const svg = instance.renderToSVGString();
  instance.dispose();
  return (
    svg
      // As wide as its place, also on paper.
      .replace(
        /^<svg width="[0-9]+" height="[0-9]+"/,
        `<svg role="img" aria-label="${attribute(chart.label)}"`,
      )
      // The styles of hovering, which the page does not have.
      .replaceAll(/<style[^>]*>[\s\S]*?<\/style>/g, '')
      .replaceAll(/ class="zr[^"]*"/g, '')
  );
}

function optionOf(chart: Chart): EChartsOption {
  const axisText = { color: '#333', fontSize: 12, fontFamily: FONT };
  return {
    animation: false,
    textStyle: { fontFamily: FONT },
    // Room for a second row of names.
    grid: { left: 64, right: 24, top: chart.lines.length > 4 ? 64 : 40, bottom: 52 },
    legend: {
      top: 4,
      left: 56,
      itemHeight: 10,
      itemWidth: 16,
      itemGap: 20,
      textStyle: { ...axisText },
      data: chart.lines.map(({ name }) => name),
    },
    xAxis: {
      type: chart.xLog === true ? 'log' : 'value',
      name: chart.xName,
      nameLocation: 'middle',
      nameGap: 30,
      nameTextStyle: axisText,
      axisLabel: {
        ...axisText,
        ...(chart.xLog === true ? { showMinLabel: false, showMaxLabel: false } : {}),
      },
      min: ({ min }) => (chart.xLog === true ? min * 0.9 : Math.min(0, Math.floor(min))),
      max: ({ max }) => (chart.xLog === true ? max * 1.1 : Math.ceil(max)),
      splitLine: { show: false },
    },
    yAxis: {
      type: chart.yLog === true ? 'log' : 'value',
      name: chart.yName,
      nameLocation: 'middle',
      nameGap: 48,
      nameTextStyle: axisText,
      axisLabel: axisText,
      ...(chart.yMin === undefined ? {} : { min: chart.yMin }),
      ...(chart.yMax === undefined ? {} : { max: chart.yMax }),
    },
    series: [...chart.lines.map(seriesOf), ...rulersOf(chart)],
  };
}

function seriesOf(line: Line): SeriesOption {
  const data = line.points.map(([x, y]) => [x, y ?? '-']);
  if (line.marks !== undefined)
    return { type: 'scatter', name: line.name, data, symbol: line.marks, symbolSize: 9, color: line.colour };
  return {
    type: 'line',
    name: line.name,
    data,
    showSymbol: data.length < 3,
    symbolSize: 5,
    color: line.colour,
    lineStyle: { width: 1.6, ...(line.dashed === true ? { type: 'dashed' as const } : {}) },
    ...(line.stack === undefined ? {} : { stack: line.stack, areaStyle: { opacity: 0.35 } }),
  };
}

/** Lines over the whole chart, on a series of their own that has no points. */
function rulersOf({ verticals = [], horizontals = [] }: Chart): LineSeriesOption[] {
  if (verticals.length + horizontals.length === 0) return [];
  const label = { color: '#333', fontFamily: FONT, fontSize: 12 };
  return [
    {
      type: 'line',
      data: [],
      markLine: {
        silent: true,
        symbol: 'none',
        lineStyle: { color: '#333', type: 'dashed', width: 1.2 },
        data: [
          ...verticals.map(({ at, name }) => ({
            xAxis: at,
            name,
            label: { ...label, formatter: name, position: 'end' as const },
          })),
          ...horizontals.map(({ at, name }) => ({
            yAxis: at,
            name,
            label: { ...label, formatter: name, position: 'insideEndTop' as const },
          })),
        ],
      },
    },
  ];
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
