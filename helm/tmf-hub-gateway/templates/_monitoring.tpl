{{/* What monitors, alerts and scaling have in common: by which labels the metrics of this gateway are known. */}}

{{- define "tmf-hub-gateway.metrics.job" -}}
{{- default (include "tmf-hub-gateway.fullname" .) .Values.metrics.job -}}
{{- end -}}

{{/* Matchers that leave the series of this gateway alone. */}}
{{- define "tmf-hub-gateway.metrics.matchers" -}}
namespace={{ .Release.Namespace | quote }},job={{ include "tmf-hub-gateway.metrics.job" . | quote }}
{{- end -}}

{{- define "tmf-hub-gateway.metrics.perSubscription" -}}
{{- dig "metrics" "perSubscription" true .Values.config -}}
{{- end -}}

{{/*
How to add up the lag of replicas. Each reads partitions of its own; but of a RabbitMQ queue every replica says how much
waits in it.
*/}}
{{- define "tmf-hub-gateway.metrics.lagOver" -}}
{{- $kinds := list .Values.broker -}}
{{- with .Values.config.sources -}}
{{- $kinds = list -}}
{{- range . -}}{{- $kinds = append $kinds .broker -}}{{- end -}}
{{- end -}}
{{- ternary "max" "sum" (eq (uniq $kinds | join ",") "rabbitmq") -}}
{{- end -}}

{{/* (list CONTEXT MONITOR PORT): an endpoint to be scraped. */}}
{{- define "tmf-hub-gateway.metrics.endpoint" -}}
{{- $ := index . 0 -}}
{{- $monitor := index . 1 -}}
port: {{ index . 2 }}
path: /metrics
interval: {{ $monitor.interval }}
{{- with $monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
relabelings:
  # By this label and the namespace alerts, dashboard and scaling tell one gateway from another.
  - targetLabel: job
    replacement: {{ include "tmf-hub-gateway.metrics.job" $ }}
  {{- with $monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* (list CONTEXT SECTION): labels of a resource that an operator looks for by labels. */}}
{{- define "tmf-hub-gateway.metrics.labels" -}}
{{- $own := include "tmf-hub-gateway.labels" (index . 0) | fromYaml -}}
{{- toYaml (mergeOverwrite $own (deepCopy (index . 1).labels)) -}}
{{- end -}}
