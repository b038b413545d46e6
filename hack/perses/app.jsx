import { createRoot } from "react-dom/client";
import { CssBaseline, ThemeProvider } from "@mui/material";
import { ChartsProvider, SnackbarProvider, generateChartsTheme, getTheme } from "@perses-dev/components";
import { Dashboard, DashboardProvider, DatasourceStoreProvider, VariableProvider } from "@perses-dev/dashboards";
import { PluginRegistry, TimeRangeProvider, dynamicImportPluginLoader } from "@perses-dev/plugin-system";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import * as bar from "@perses-dev/bar-chart-plugin";
import * as prometheus from "@perses-dev/prometheus-plugin";
import * as stat from "@perses-dev/stat-chart-plugin";
import * as table from "@perses-dev/table-plugin";
import * as timeseries from "@perses-dev/timeseries-chart-plugin";
import { convert } from "./convert.mjs";

const parameters = new URLSearchParams(location.search);
const mode = parameters.get("mode") ?? "light";
const node = parameters.get("node") ?? ".*";
const fill = (expr) => expr.replaceAll("$__rate_interval", "4m").replaceAll("$cluster", ".*").replaceAll("$node", node);
const grafana = await (await fetch(`/${parameters.get("dashboard")}.json`)).json();
const dashboard = convert(grafana, parameters.get("prometheus"), fill);
const none = { getDatasource: async () => undefined, getGlobalDatasource: async () => undefined, listDatasources: async () => [], listGlobalDatasources: async () => [], buildProxyUrl: () => "" };

const loader = dynamicImportPluginLoader([bar, prometheus, stat, table, timeseries].map((m) => ({ resource: m.getPluginModule(), importPlugin: async () => m })));
const theme = getTheme(mode);
const range = { pastDuration: parameters.get("past") ?? "15m" };

createRoot(document.getElementById("root")).render(
  <ThemeProvider theme={theme}>
    <CssBaseline />
    <ChartsProvider chartsTheme={generateChartsTheme(theme, {})}>
      <SnackbarProvider>
        <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, retry: 1 } } })}>
          <PluginRegistry pluginLoader={loader} defaultPluginKinds={{ Panel: "TimeSeriesChart", TimeSeriesQuery: "PrometheusTimeSeriesQuery" }}>
            <TimeRangeProvider timeRange={range} refreshInterval="0s">
              <VariableProvider>
                <DatasourceStoreProvider dashboardResource={dashboard} datasourceApi={none}>
                  <DashboardProvider initialState={{ dashboardResource: dashboard, isEditMode: false }}>
                    <h1 style={{ font: "600 22px Lato, DejaVu Sans, sans-serif", margin: "12px 24px 0" }}>{grafana.title}</h1>
                    <Dashboard />
                  </DashboardProvider>
                </DatasourceStoreProvider>
              </VariableProvider>
            </TimeRangeProvider>
          </PluginRegistry>
        </QueryClientProvider>
      </SnackbarProvider>
    </ChartsProvider>
  </ThemeProvider>,
);
