// The two dashboards. Panels read the series that manifests/rules records, one for each
// node; where they join, both sides name what they are about, so that the price is that
// of one node and not of the fleet.
import { bars, dashboard, graph, link, list, row, states, stats, text, upDown, variables, type Query } from "./build.js";

const to = "cluster=~\"$cluster\"";
const nodes = `${to}, node=~"$node"`;
const one = `${to}, node="$node"`;
const key = "cluster, namespace, job, node";

const nodeURL = "/d/edgegauge-node?var-datasource=${datasource}&var-cluster=${__field.labels.cluster}&var-node=${__field.labels.node}&${__url_time_range}";
const toNode = [{ title: "This node", url: nodeURL }];
const rowToNode = [{ title: "This node", url: "/d/edgegauge-node?var-datasource=${datasource}&${cluster:queryparam}&var-node=${__data.fields.Node}&${__url_time_range}" }];
const job = `job="cloudcore", ${to}`;
const good: [number | null, string][] = [[null, "green"], [1, "red"]];

export const fleet = dashboard(
  {
    uid: "edgegauge-fleet", title: "Edge nodes / Fleet",
    description: "How the whole fleet is: who is down, who is worst, and what cloudcore makes of it. Needs the rules of edgegauge.",
    links: [link("Node", "/d/edgegauge-node")],
  },
  [variables.datasource, variables.cluster, variables.nodes],
  [
    stats({ title: "Share up", width: 4, height: 4, unit: "percentunit", decimals: 1, steps: [[null, "red"], [0.8, "orange"], [0.98, "green"]] },
      { expr: `sum(job:edge_nodes_up:sum{${to}}) / sum(job:edge_nodes:count{${to}})` }),
    stats({ title: "Nodes", width: 4, height: 4 }, { expr: `sum(job:edge_nodes:count{${to}})` }),
    stats({ title: "Down", width: 4, height: 4, steps: good, description: "Not up now, be it for a moment." },
      { expr: `sum(job:edge_nodes:count{${to}}) - sum(job:edge_nodes_up:sum{${to}})` }),
    stats({ title: "Flapping", width: 4, height: 4, steps: good, description: "Six changes or more within two hours." },
      { expr: `count(node:edge_node_up:changes2h{${to}} >= 6) or vector(0)` }),
    stats({ title: "Alerts firing", width: 4, height: 4, steps: good },
      { expr: `count(ALERTS{alertname=~"Edge.+|ManyEdge.+|Cloudcore.+", alertstate="firing", cluster=~"$cluster"}) or vector(0)` }),
    stats({ title: "Reports per second", width: 4, height: 4, decimals: 1 },
      { expr: `sum(rate(nodemetrics_reports_total{${to}, result="accepted"}[5m]))` }),
    graph({ title: "Nodes up and down", width: 12, height: 8, min: 0 },
      { expr: `sum(job:edge_nodes_up:sum{${to}})`, legend: "up" },
      { expr: `sum(job:edge_nodes:count{${to}}) - sum(job:edge_nodes_up:sum{${to}})`, legend: "down" }),
    list({ title: "Down now", width: 12, height: 8, unit: "s", labels: { node: "Node", cluster: "Cluster", namespace: "Namespace" }, value: "Silent for",
      mappings: text(-1, "never reported"), links: rowToNode, noValue: "none" },
      { expr: `
(
  time() - node:edge_node_last_report_timestamp_seconds:max{${nodes}}
  and on (${key}) node:edge_node_up:max{${nodes}} == 0
)
or on (${key})
((node:edge_node_up:max{${nodes}} == 0) - 1)`.trim() }),

    row("The ten worst"),
    bars({ title: "CPU", width: 6, height: 8, unit: "percentunit", min: 0, max: 1, steps: [[null, "green"], [0.8, "orange"], [0.95, "red"]], links: toNode },
      { expr: `sort_desc(job:edge_node_cpu_usage_ratio:top10{${nodes}})`, legend: "{{node}}" }),
    bars({ title: "Memory", width: 6, height: 8, unit: "percentunit", min: 0, max: 1, steps: [[null, "green"], [0.85, "orange"], [0.95, "red"]], links: toNode },
      { expr: `sort_desc(job:edge_node_memory_usage_ratio:top10{${nodes}})`, legend: "{{node}}" }),
    bars({ title: "Fullest file system", width: 6, height: 8, unit: "percentunit", min: 0, max: 1, steps: [[null, "green"], [0.85, "orange"], [0.95, "red"]], links: toNode },
      { expr: `sort_desc(job:edge_node_filesystem_usage_ratio:top10{${nodes}})`, legend: "{{node}}" }),
    bars({ title: "Temperature", width: 6, height: 8, unit: "celsius", min: 0, max: 110, steps: [[null, "green"], [75, "orange"], [85, "red"]], links: toNode },
      { expr: `sort_desc(job:edge_node_temperature_celsius:top10{${nodes}})`, legend: "{{node}}" }),
    list({ title: "Going up and down", width: 8, height: 8, labels: { node: "Node", cluster: "Cluster" }, value: "Changes in 2 h", links: rowToNode, noValue: "none" },
      { expr: `node:edge_node_up:changes2h{${nodes}}` }),
    list({ title: "Alerts", width: 16, height: 8, labels: { alertname: "Alert", severity: "Severity", node: "Node", instance: "Instance", alertstate: "State", cluster: "Cluster" }, sort: "State", descending: false, noValue: "none" },
      { expr: `ALERTS{alertname=~"Edge.+|ManyEdge.+|Cloudcore.+", cluster=~"$cluster"}` }),

    row("Versions"),
    bars({ title: "edgecore", width: 8, height: 7, min: 0 }, { expr: `sort_desc(sum by (edgecore_version) (job:edge_node_info:count{${to}}))`, legend: "{{edgecore_version}}" }),
    bars({ title: "Kernel", width: 8, height: 7, min: 0 }, { expr: `sort_desc(sum by (kernel, arch) (job:edge_node_info:count{${to}}))`, legend: "{{kernel}} {{arch}}" }),
    bars({ title: "System", width: 8, height: 7, min: 0 }, { expr: `sort_desc(sum by (os_image) (job:edge_node_info:count{${to}}))`, legend: "{{os_image}}" }),

    row("Load of each cloudcore"),
    graph({ title: "Nodes", width: 8, height: 8, min: 0 },
      { expr: `nodemetrics_nodes{${to}, state="fresh"}`, legend: "{{instance}}" }),
    graph({ title: "Reports per second", width: 8, height: 8, min: 0 },
      { expr: `sum by (instance) (rate(nodemetrics_reports_total{${to}, result="accepted"}[$__rate_interval]))`, legend: "{{instance}}" }),
    graph({ title: "Rejected reports per second", width: 8, height: 8, min: 0 },
      { expr: `sum by (instance) (rate(nodemetrics_reports_total{${to}, result="rejected"}[$__rate_interval]))`, legend: "{{instance}}" },
      { expr: `sum by (instance, reason) (rate(nodemetrics_reports_total{${to}, result="rejected"}[$__rate_interval])) > 0`, legend: "{{instance}} {{reason}}" }),
    graph({ title: "Dropped samples per second", width: 8, height: 8, min: 0 },
      { expr: `sum by (instance) (rate(nodemetrics_samples_dropped_total{${to}}[$__rate_interval]))`, legend: "{{instance}}" },
      { expr: `sum by (instance, reason) (rate(nodemetrics_samples_dropped_total{${to}}[$__rate_interval])) > 0`, legend: "{{instance}} {{reason}}" }),
    graph({ title: "Share of limits in use", width: 8, height: 8, unit: "percentunit", min: 0 },
      { expr: `nodemetrics_used{${to}} / nodemetrics_limit{${to}}`, legend: "{{instance}} {{limit}}" }),
    graph({ title: "Time of a scrape", width: 8, height: 8, unit: "s", min: 0 },
      { expr: `scrape_duration_seconds{${job}}`, legend: "{{instance}}" }),

    row("Health of each cloudcore"),
    graph({ title: "Goroutines", width: 8, height: 8, min: 0, description: "Beside the connected nodes: what grows without them leaks." },
      { expr: `go_goroutines{${job}}`, legend: "{{instance}}" }),
    graph({ title: "Memory", width: 8, height: 8, unit: "bytes", min: 0 },
      { expr: `process_resident_memory_bytes{${job}}`, legend: "{{instance}} resident" },
      { expr: `go_memstats_heap_inuse_bytes{${job}}`, legend: "{{instance}} heap" }),
    graph({ title: "Connected nodes", width: 8, height: 8, min: 0 },
      { expr: `KubeEdge_CloudHub_connected_nodes{${job}}`, legend: "{{instance}}" }),
    graph({ title: "CPU", width: 8, height: 8, unit: "short", min: 0, description: "Processors in use." },
      { expr: `rate(process_cpu_seconds_total{${job}}[$__rate_interval])`, legend: "{{instance}}" }),
    graph({ title: "Open files", width: 8, height: 8, min: 0 },
      { expr: `process_open_fds{${job}}`, legend: "{{instance}}" }),
    graph({ title: "Clock against Prometheus'", width: 8, height: 8, unit: "s", description: "Positive: cloudcore is behind." },
      { expr: `instance:cloudcore_clock_offset:seconds{${to}}`, legend: "{{instance}}" }),
  ],
);

// The value of a family for the node, by the cloudcore that counts.
const current = (family: string, legend: string): Query => ({
  expr: `${family}{${one}} and on (${key}, instance) instance_node:edge_node_newest_report:marker{${one}}`, legend,
});
const rate = (family: string, by: string, legend: string): Query => ({
  expr: `max by (${by}) (rate(${family}{${one}}[$__rate_interval]))`, legend,
});

export const node = dashboard(
  {
    uid: "edgegauge-node", title: "Edge nodes / Node",
    description: "One edge node. Needs the rules of edgegauge.",
    links: [link("Fleet", "/d/edgegauge-fleet")],
  },
  [variables.datasource, variables.cluster, variables.node],
  [
    stats({ title: "State", width: 4, height: 4, mappings: upDown, steps: [[null, "red"], [1, "green"]] }, { expr: `node:edge_node_up:max{${one}}` }),
    stats({ title: "Newest report", width: 4, height: 4, unit: "s", decimals: 0, description: "Its age.", steps: [[null, "green"], [180, "orange"], [900, "red"]] },
      { expr: `time() - max by (${key}) (edge_node_last_report_timestamp_seconds{${one}})` }),
    stats({ title: "Interval", width: 4, height: 4, unit: "s" }, current("edge_node_report_interval_seconds", "")),
    stats({ title: "Up since boot", width: 4, height: 4, unit: "s", decimals: 0 }, { expr: `time() - (${current("edge_node_boot_time_seconds", "").expr})` }),
    stats({ title: "Clock", width: 4, height: 4, unit: "s", description: "How far it is ahead of cloudcore's." }, current("edge_node_clock_skew_seconds", "")),
    stats({ title: "Alerts firing", width: 4, height: 4, steps: good }, { expr: `count(ALERTS{alertstate="firing", ${one}}) or vector(0)` }),
    states({ title: "State over time", width: 12, height: 5, mappings: upDown, steps: [[null, "red"], [1, "green"]] }, { expr: `node:edge_node_up:max{${one}}`, legend: "{{node}}" }),
    list({ title: "What it runs", width: 12, height: 5, labels: { os_image: "System", kernel: "Kernel", arch: "Processor", edgecore_version: "edgecore", instance: "cloudcore" } },
      current("edge_node_info", "")),

    row("Processors and memory"),
    graph({ title: "CPU", width: 8, height: 8, unit: "percentunit", min: 0, max: 1 }, current("edge_node_cpu_usage_ratio", "busy")),
    graph({ title: "Load", width: 8, height: 8, min: 0 }, current("edge_node_load1", "1 min"), current("edge_node_load5", "5 min"), current("edge_node_load15", "15 min"), current("edge_node_cpus", "processors")),
    graph({ title: "Memory", width: 8, height: 8, unit: "bytes", min: 0 }, current("edge_node_memory_available_bytes", "available"), current("edge_node_memory_total_bytes", "total"), current("edge_node_swap_free_bytes", "swap free")),
    graph({ title: "Processor time by mode", width: 8, height: 8, min: 0 }, rate("edge_node_cpu_seconds_total", "mode", "{{mode}}")),
    graph({ title: "Processes and containers", width: 8, height: 8, min: 0 }, current("edge_node_processes", "processes"), current("edge_node_containers_running", "containers")),
    graph({ title: "Temperature", width: 8, height: 8, unit: "celsius" },
      { expr: `max by (sensor) (edge_node_temperature_celsius{${one}})`, legend: "{{sensor}}" },
      { expr: `max by (gpu) (edge_node_gpu_temperature_celsius{${one}})`, legend: "GPU {{gpu}}" }),

    row("Disks"),
    graph({ title: "File systems, share used", width: 8, height: 8, unit: "percentunit", min: 0, max: 1 },
      { expr: `1 - min by (mountpoint) (edge_node_filesystem_avail_bytes{${one}} / edge_node_filesystem_size_bytes{${one}})`, legend: "{{mountpoint}}" }),
    graph({ title: "Inodes, share used", width: 8, height: 8, unit: "percentunit", min: 0, max: 1 },
      { expr: `1 - min by (mountpoint) (edge_node_filesystem_files_free{${one}} / (edge_node_filesystem_files{${one}} > 0))`, legend: "{{mountpoint}}" }),
    graph({ title: "Read and written", width: 8, height: 8, unit: "Bps", min: 0 },
      rate("edge_node_disk_read_bytes_total", "device", "{{device}} read"), rate("edge_node_disk_written_bytes_total", "device", "{{device}} written")),

    row("Network"),
    graph({ title: "Received", width: 8, height: 8, unit: "Bps", min: 0 }, rate("edge_node_network_receive_bytes_total", "device", "{{device}}")),
    graph({ title: "Sent", width: 8, height: 8, unit: "Bps", min: 0 }, rate("edge_node_network_transmit_bytes_total", "device", "{{device}}")),
    graph({ title: "Errors per second", width: 8, height: 8, min: 0 },
      rate("edge_node_network_receive_errors_total", "device", "{{device}} in"), rate("edge_node_network_transmit_errors_total", "device", "{{device}} out")),

    row("Board"),
    graph({ title: "GPU", width: 8, height: 8, unit: "percentunit", min: 0, max: 1 },
      { expr: `max by (gpu) (edge_node_gpu_utilization_ratio{${one}})`, legend: "{{gpu}} busy" },
      { expr: `max by (gpu) (edge_node_gpu_memory_used_bytes{${one}} / edge_node_gpu_memory_total_bytes{${one}})`, legend: "{{gpu}} memory" }),
    graph({ title: "Clock", width: 8, height: 8, unit: "s", description: "How far it is ahead of cloudcore's." }, current("edge_node_clock_skew_seconds", "ahead")),
    graph({ title: "Its own readings", width: 8, height: 8 }, { expr: `max by (name, line) (edge_node_custom{${one}})`, legend: "{{name}} {{line}}" }),
  ],
);
