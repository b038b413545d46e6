{{/* edgegauge.scrapeConfig: the file for a Prometheus without the operator. */}}
{{- define "edgegauge.scrapeConfig" -}}
{{- with .Values.scrape -}}
# For a Prometheus without the operator: this belongs under scrape_configs. It
# finds every cloudcore behind the Service of manifests/metrics and needs the
# rights of manifests/scrape-rbac.
scrape_configs:
- job_name: cloudcore
  {{- with .interval }}
  scrape_interval: {{ . }}
  {{- end }}
  {{- with .timeout }}
  scrape_timeout: {{ . }}
  {{- end }}
  {{- if .tls.enabled }}
  scheme: https
  tls_config:
    {{- with .files.ca }}
    ca_file: {{ . | toYaml }}
    {{- end }}
    {{- with .files.cert }}
    cert_file: {{ . | toYaml }}
    {{- end }}
    {{- with .files.key }}
    key_file: {{ . | toYaml }}
    {{- end }}
    {{- with .tls.serverName }}
    server_name: {{ . | toYaml }}
    {{- end }}
    insecure_skip_verify: {{ .tls.insecureSkipVerify }}
  {{- end }}
  {{- with .files.token }}
  authorization:
    credentials_file: {{ . | toYaml }}
  {{- end }}
  {{- if .files.username }}
  basic_auth:
    username_file: {{ .files.username | toYaml }}
    password_file: {{ .files.password | toYaml }}
  {{- end }}
  kubernetes_sd_configs:
  - role: endpointslice
    namespaces:
      names: [{{ include "edgegauge.namespace" $ | toYaml }}]
  relabel_configs:
  - source_labels: [__meta_kubernetes_service_name, __meta_kubernetes_endpointslice_port_name]
    regex: cloudcore-metrics;metrics
    action: keep
  - source_labels: [__meta_kubernetes_namespace]
    target_label: namespace
  {{- with .relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .metricRelabelings }}
  metric_relabel_configs:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  # No label for the pod, and the limits: see servicemonitor/.
  sample_limit: {{ int64 .limits.samples }}
  label_limit: {{ int64 .limits.labels }}
  label_name_length_limit: {{ int64 .limits.labelNameLength }}
  label_value_length_limit: {{ int64 .limits.labelValueLength }}
  body_size_limit: {{ .limits.bodySize }}
{{- end }}
{{- end }}
