// Makes Perses' dashboard of Grafana's: each panel as Perses' nearest kind, with the same
// queries. Grafana cannot be had everywhere; what a panel shows, and whether it shows
// anything, can be seen all the same.
const units = { percentunit: "percent-decimal", s: "seconds", bytes: "bytes", Bps: "bytes/sec" };

export function convert(grafana, prometheus, fill) {
  const datasource = { kind: "PrometheusDatasource", name: "prometheus" };
  const panels = {}, layouts = [];
  let items = [], top = 0, title;
  const close = () => {
    if (items.length) layouts.push({ kind: "Grid", spec: { ...(title && { display: { title, collapse: { open: true } } }), items } });
    items = [];
  };
  for (const p of grafana.panels) {
    if (p.type === "row") {
      close();
      title = p.title;
      top = p.gridPos.y + 1;
      continue;
    }
    const { unit, decimals, thresholds, max, mappings = [] } = p.fieldConfig.defaults;
    const texts = mappings.flatMap((m) => Object.entries(m.options).map(([value, { text }]) => ({ kind: "Value", spec: { value, result: { value: text } } })));
    const format = { unit: units[unit] ?? "decimal", ...(decimals !== undefined && { decimalPlaces: decimals }), ...(units[unit] ? {} : { shortValues: true }) };
    const steps = thresholds.steps.filter((s) => s.value !== null).map((s) => ({ value: s.value, color: { red: "#c4162a", orange: "#e0752d", green: "#37872d", text: undefined }[s.color] }));
    const plugin = {
      stat: { kind: "StatChart", spec: { calculation: "last-number", format, ...(texts.length && { mappings: texts }), ...(steps.length && { thresholds: { defaultColor: { red: "#c4162a", green: "#37872d" }[thresholds.steps[0].color], steps } }) } },
      timeseries: { kind: "TimeSeriesChart", spec: { legend: { position: "bottom", mode: "list" }, yAxis: { format, ...(p.fieldConfig.defaults.min === 0 && { min: 0 }), ...(max !== undefined && { max }) }, visual: { areaOpacity: 0.08, lineWidth: 1.25 } } },
      "state-timeline": { kind: "TimeSeriesChart", spec: { legend: { position: "bottom", mode: "list" }, yAxis: { format, min: 0, max: 1 }, visual: { areaOpacity: 0.5, lineWidth: 1.25 } } },
      bargauge: { kind: "BarChart", spec: { calculation: "last-number", format, sort: "desc", mode: "value" } },
      table: { kind: "Table", spec: p.type === "table" ? table(p, format) : {} },
    }[p.type];
    const key = `p${p.id}`;
    panels[key] = {
      kind: "Panel",
      spec: {
        display: { name: p.title, description: p.description }, plugin,
        queries: p.targets.map((t) => ({ kind: "TimeSeriesQuery", spec: { plugin: { kind: "PrometheusTimeSeriesQuery", spec: { datasource, query: fill(t.expr), seriesNameFormat: t.legendFormat } } } })),
      },
    };
    items.push({ x: p.gridPos.x, y: p.gridPos.y - top, width: p.gridPos.w, height: p.gridPos.h, content: { $ref: `#/spec/panels/${key}` } });
  }
  close();
  return {
    kind: "Dashboard", metadata: { name: grafana.uid, project: "edgegauge", version: 0 },
    spec: {
      display: { name: grafana.title }, duration: "30m", refreshInterval: "0s", variables: [], panels, layouts,
      datasources: { prometheus: { default: true, plugin: { kind: "PrometheusDatasource", spec: { directUrl: prometheus } } } },
    },
  };
}

// The columns that Grafana's transformations leave, and the unit of the value's.
function table(p, format) {
  const { indexByName, renameByName } = p.transformations.find((t) => t.id === "organize").options;
  const columns = Object.keys(indexByName).map((name) => ({ name: name === "Value" ? "value" : name, header: renameByName[name], ...(name === "Value" && units[p.fieldConfig.defaults.unit] && { format }) }));
  return { density: "compact", defaultColumnHidden: true, columnSettings: [...columns, ...["timestamp", "__name__", "job", "instance", "namespace", "cluster"].filter((n) => !columns.some((c) => c.name === n)).map((name) => ({ name, hide: true }))] };
}
