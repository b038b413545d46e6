// Panels and dashboards in few words, typed by Grafana's own schema.
import * as common from "@grafana/schema";
import type * as schema from "@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen";
import type * as bargauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as timeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Panel = schema.Panel;
type Mapping = schema.ValueMapping;

// A value of one of the schema's enumerations, by its word: those themselves are not there
// at run time.
const as = <T extends string>(value: `${T}`) => value as T;

export const datasource: schema.DataSourceRef = { type: "prometheus", uid: "${datasource}" };

// A report comes once a minute, and a query over less shows nothing or zeros.
const interval = "1m";

export interface Query {
  expr: string;
  legend?: string;
}

interface About {
  title: string;
  description?: string;
  width: number;
  height: number;
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  mappings?: Mapping[];
  steps?: [number | null, string][];
  links?: { title: string; url: string }[];
  noValue?: string;
}

const target = (q: Query, i: number, instant: boolean, format: "time_series" | "table") => ({
  refId: String.fromCharCode(65 + i),
  datasource,
  expr: q.expr,
  legendFormat: q.legend ?? "",
  instant,
  range: !instant,
  format,
  editorMode: "code",
} satisfies common.DataQuery & Record<string, unknown>);

const thresholds = (steps?: [number | null, string][]): schema.ThresholdsConfig => ({
  mode: as<schema.ThresholdsMode>("absolute"),
  steps: (steps ?? [[null, "text"]]).map(([value, color]) => ({ value: value as number, color })),
});

function panel(type: string, about: About, queries: Query[], instant: boolean, options: object, custom: object = {}): Panel {
  const { title, description, width, height, unit, decimals, min, max, mappings, steps, links, noValue } = about;
  return {
    type, title, ...(description && { description }), datasource, interval,
    gridPos: { x: 0, y: 0, w: width, h: height },
    targets: queries.map((q, i) => target(q, i, instant, type === "table" ? "table" : "time_series")),
    options: { ...options },
    fieldConfig: {
      defaults: {
        ...(unit && { unit }), ...(decimals !== undefined && { decimals }), ...(min !== undefined && { min }), ...(max !== undefined && { max }),
        ...(mappings && { mappings }), ...(links && { links }), ...(noValue && { noValue }),
        thresholds: thresholds(steps),
        color: { mode: as<schema.FieldColorModeId>(steps ? "thresholds" : "palette-classic-by-name") },
        custom: { ...custom },
      },
      overrides: [],
    },
  };
}

const reduce: common.ReduceDataOptions = { calcs: ["lastNotNull"], fields: "", values: false };

export const stats = (about: About, ...queries: Query[]): Panel =>
  panel("stat", about, queries, true, {
    colorMode: as<common.BigValueColorMode>(about.steps ? "value" : "none"), graphMode: as<common.BigValueGraphMode>("none"),
    justifyMode: as<common.BigValueJustifyMode>("auto"), textMode: as<common.BigValueTextMode>("auto"), wideLayout: true,
    showPercentChange: false, percentChangeColorMode: as<common.PercentChangeColorMode>("standard"),
    reduceOptions: reduce, orientation: as<common.VizOrientation>("auto"),
  } satisfies stat.Options);

export const graph = (about: About, ...queries: Query[]): Panel =>
  panel("timeseries", about, queries, false, {
    legend: { showLegend: true, displayMode: as<common.LegendDisplayMode>("list"), placement: "bottom", calcs: [] },
    tooltip: { mode: as<common.TooltipDisplayMode>("multi"), sort: as<common.SortOrder>("desc") },
  } satisfies timeseries.Options, {
    lineWidth: 1, fillOpacity: 8, showPoints: as<common.VisibilityMode>("auto"), spanNulls: false,
  } satisfies timeseries.FieldConfig);

export const bars = (about: About, ...queries: Query[]): Panel =>
  panel("bargauge", about, queries, true, {
    displayMode: as<common.BarGaugeDisplayMode>("basic"), orientation: as<common.VizOrientation>("horizontal"), showUnfilled: true,
    namePlacement: as<common.BarGaugeNamePlacement>("left"), sizing: as<common.BarGaugeSizing>("auto"), valueMode: as<common.BarGaugeValueMode>("text"),
    minVizHeight: 16, minVizWidth: 8, maxVizHeight: 300, reduceOptions: reduce,
    legend: { showLegend: false, displayMode: as<common.LegendDisplayMode>("list"), placement: "bottom", calcs: [] },
  } satisfies bargauge.Options);

// A table of one query: the labels that are named, in their order, and the value if it
// has a name. It is sorted by that, or by another column.
export function list(about: About & { labels: Record<string, string>; value?: string; sort?: string; descending?: boolean }, query: Query): Panel {
  const names = [...Object.keys(about.labels), ...(about.value ? ["Value"] : [])];
  const p = panel("table", about, [query], true, {
    frameIndex: 0, showHeader: true, cellHeight: as<common.TableCellHeight>("sm"), enablePagination: true,
    sortBy: [{ displayName: about.sort ?? about.value ?? names[0], desc: about.descending ?? true }],
  } satisfies table.Options, {
    align: as<common.FieldTextAlignment>("auto"), inspect: false, filterable: true,
    cellOptions: { type: as<common.TableCellDisplayMode.Auto>("auto") },
  } satisfies table.FieldConfig);
  p.transformations = [
    { id: "filterFieldsByName", options: { include: { names } } },
    { id: "organize", options: {
      indexByName: Object.fromEntries(names.map((n, i) => [n, i])),
      renameByName: { ...about.labels, ...(about.value && { Value: about.value }) },
    } },
  ];
  return p;
}

export const states = (about: About, ...queries: Query[]): Panel =>
  panel("state-timeline", about, queries, false, {
    showValue: as<common.VisibilityMode>("never"), rowHeight: 0.8, mergeValues: true, alignValue: as<common.TimelineValueAlignment>("left"),
    legend: { showLegend: true, displayMode: as<common.LegendDisplayMode>("list"), placement: "bottom", calcs: [] },
    tooltip: { mode: as<common.TooltipDisplayMode>("single"), sort: as<common.SortOrder>("none") },
  } satisfies timeline.Options, { lineWidth: 0, fillOpacity: 80 } satisfies timeline.FieldConfig);

export const row = (title: string): schema.RowPanel => ({ type: "row", title, collapsed: false, id: 0, panels: [], gridPos: { x: 0, y: 0, w: 24, h: 1 } });

// What is 0 or 1.
export const upDown: Mapping[] = [
  { type: as<schema.MappingType.ValueToText>("value"), options: { 0: { text: "down", color: "red", index: 0 }, 1: { text: "up", color: "green", index: 1 } } },
];
export const text = (value: number, says: string): Mapping[] => [
  { type: as<schema.MappingType.ValueToText>("value"), options: { [value]: { text: says, index: 0 } } },
];

const variable = (name: string, label: string, query: string, more: Partial<schema.VariableModel>): schema.VariableModel => ({
  type: as<schema.VariableType>("query"), name, label, datasource,
  query: { query, refId: name }, refresh: 2 as schema.VariableRefresh, sort: 1 as schema.VariableSort, ...more,
});

// All of them includes those without the label.
const all = { includeAll: true, allValue: ".*", multi: true, current: { text: "All", value: "$__all" } };

export const variables = {
  datasource: { type: as<schema.VariableType>("datasource"), name: "datasource", label: "Data source", query: "prometheus" } satisfies schema.VariableModel,
  cluster: variable("cluster", "Cluster", "label_values(nodemetrics_build_info, cluster)", all),
  nodes: variable("node", "Node", "label_values(node:edge_node_up:max{cluster=~\"$cluster\"}, node)", all),
  node: variable("node", "Node", "label_values(node:edge_node_up:max{cluster=~\"$cluster\"}, node)", { multi: false, includeAll: false }),
};

export const link = (title: string, url: string): schema.DashboardLink => ({
  title, url, type: as<schema.DashboardLinkType>("link"), icon: "dashboard", tooltip: "", tags: [],
  asDropdown: false, includeVars: false, keepTime: true, targetBlank: false,
});

// Lays the panels out from left to right, and numbers them.
export function dashboard(about: Pick<schema.Dashboard, "uid" | "title" | "description" | "links">, list: schema.VariableModel[], panels: (Panel | schema.RowPanel)[]): schema.Dashboard {
  let x = 0, y = 0, height = 0;
  panels.forEach((p, i) => {
    const at = p.gridPos!;
    if (x + at.w > 24) { x = 0; y += height; height = 0; }
    p.id = i + 1;
    at.x = x; at.y = y;
    x += at.w; height = Math.max(height, at.h);
  });
  return {
    ...about, tags: ["kubeedge", "edgegauge"], schemaVersion: 39, editable: true, refresh: "1m",
    timezone: "browser", graphTooltip: 1 as schema.DashboardCursorSync, time: { from: "now-3h", to: "now" },
    templating: { list }, annotations: { list: [] }, panels,
  };
}
