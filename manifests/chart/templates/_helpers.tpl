{{/*
edgegauge.labels: the labels of an object. It is given a list of the root, the name of
the application, the component, and further labels.
*/}}
{{- define "edgegauge.labels" -}}
{{- $root := index . 0 -}}
{{- $chart := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- include "edgegauge.podLabels" (list $root (index . 1) (index . 2) (merge (dict "helm.sh/chart" $chart) (index . 3) $root.Values.commonLabels)) }}
{{- end }}

{{/* edgegauge.podLabels: the same, without what would restart pods for no reason. */}}
{{- define "edgegauge.podLabels" -}}
{{- $root := index . 0 -}}
{{- $version := $root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- merge (dict) (index . 3) (dict
  "app.kubernetes.io/name" (index . 1)
  "app.kubernetes.io/instance" $root.Release.Name
  "app.kubernetes.io/version" $version
  "app.kubernetes.io/component" (index . 2)
  "app.kubernetes.io/part-of" "edgegauge"
  "app.kubernetes.io/managed-by" $root.Release.Service) | toYaml }}
{{- end }}

{{/*
edgegauge.selected: labels with the one by which kube-prometheus-stack's Prometheus
selects.
*/}}
{{- define "edgegauge.selected" -}}
{{- $labels := index . 1 -}}
{{- with (index . 0).Values.release }}{{ $labels = merge (dict "release" .) $labels }}{{ end -}}
{{- toYaml $labels }}
{{- end }}

{{/* edgegauge.namespace: where cloudcore runs. */}}
{{- define "edgegauge.namespace" -}}
{{ .Values.namespace | default .Release.Namespace }}
{{- end }}

{{- define "edgegauge.scrapeNamespace" -}}
{{ .Values.scrape.namespace | default (include "edgegauge.namespace" .) }}
{{- end }}

{{/* edgegauge.image: the reporter's image by its digest, else by its tag. */}}
{{- define "edgegauge.image" -}}
{{- with .Values.reporter.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* edgegauge.options: the reporter's environment of its options. */}}
{{- define "edgegauge.options" -}}
{{- range $flag, $value := .Values.reporter.options }}
SYSINFO_REPORTER_{{ $flag | upper | replace "-" "_" }}: {{ $value | toString | quote }}
{{- end }}
{{- if .Values.reporter.tls.secret }}
SYSINFO_REPORTER_TLS_CA_FILE: /tls/ca.crt
{{- if .Values.reporter.tls.clientCertificate }}
SYSINFO_REPORTER_TLS_CERT_FILE: /tls/tls.crt
SYSINFO_REPORTER_TLS_KEY_FILE: /tls/tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* edgegauge.rules: the rule file, with the limits of the scrape. */}}
{{- define "edgegauge.rules" -}}
{{- $size := .Values.scrape.limits.bodySize }}
{{- $unit := get (dict "KB" 1024 "MB" 1048576 "GB" 1073741824) (trimAll "0123456789" $size) }}
{{- $groups := (splitn "\ngroups:\n" 2 (.Files.Get "files/edgegauge.rules.yaml"))._1 }}
{{- printf "groups:\n%s" $groups
  | replace "<sampleLimit>" (.Values.scrape.limits.samples | int64 | toString)
  | replace "<bodySizeLimit>" (mul (regexFind "[0-9]+" $size | int64) $unit | toString) }}
{{- end }}

{{/* edgegauge.endpoint: how the operator's monitors ask. */}}
{{- define "edgegauge.endpoint" -}}
{{- with .Values.scrape }}
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .timeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if .tls.enabled }}
scheme: https
tlsConfig:
  {{- if or .tls.caSecret .tls.caConfigMap }}
  ca:
    {{- with .tls.caSecret }}
    secret:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .tls.caConfigMap }}
    configMap:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- with .tls.certSecret }}
  cert:
    secret:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  {{- with .tls.keySecret }}
  keySecret:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .tls.serverName }}
  serverName: {{ . | toYaml }}
  {{- end }}
  insecureSkipVerify: {{ .tls.insecureSkipVerify }}
{{- end }}
{{- if or $.Values.authorization.enabled .tokenSecret }}
authorization:
  type: Bearer
  credentials:
    {{- if .tokenSecret }}
    {{- toYaml .tokenSecret | nindent 4 }}
    {{- else }}
    name: edgegauge-metrics-reader
    key: token
    {{- end }}
{{- end }}
{{- if .basicAuth.username }}
basicAuth:
  username:
    {{- toYaml .basicAuth.username | nindent 4 }}
  password:
    {{- toYaml .basicAuth.password | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{/* edgegauge.monitorLimits: limits as the operator's monitors have them. */}}
{{- define "edgegauge.monitorLimits" -}}
{{- with .Values.scrape.limits -}}
sampleLimit: {{ int64 .samples }}
labelLimit: {{ int64 .labels }}
labelNameLengthLimit: {{ int64 .labelNameLength }}
labelValueLengthLimit: {{ int64 .labelValueLength }}
bodySizeLimit: {{ .bodySize }}
{{- end }}
{{- end }}

{{/* edgegauge.milliseconds: a duration such as 1m30s as a number. */}}
{{- define "edgegauge.milliseconds" -}}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+(ms|[a-z])" . -1 }}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) (trimAll "0123456789" .))) }}
{{- end }}
{{- $sum }}
{{- end }}
