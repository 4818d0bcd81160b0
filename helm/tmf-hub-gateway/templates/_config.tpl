{{/* The gateway's configuration file: what the values say in `config`, and over it what the chart knows. */}}

{{- define "tmf-hub-gateway.config" -}}
{{- $own := include "tmf-hub-gateway.config.own" . | fromYaml -}}
{{- toYaml (mergeOverwrite (include "tmf-hub-gateway.config.unlessSaid" . | fromYaml) (deepCopy .Values.config) $own) -}}
{{- end -}}

{{- define "tmf-hub-gateway.config.unlessSaid" -}}
{{- if eq .Values.mode "sidecar" }}
# The listener is in the same pod.
callbacks: { allow: [127.0.0.0/8, '::1/128', localhost] }
{{- else }}
callbacks: { allow: ['*.svc', '*.svc.cluster.local'{{ if .Values.canvas.enabled }}, '*.canvas'{{ end }}] }
{{- end }}
{{- $hub := include "tmf-hub-gateway.canvas.hub" . | fromYaml }}
{{- if ne (include "tmf-hub-gateway.registryLasts" .) "true" }}
{{- $_ := set $hub "registration" "closed" }}
{{- end }}
{{- with $hub }}
hub: {{ toJson . }}
{{- end }}
server:
  basePath: {{ include "tmf-hub-gateway.basePath" . | quote }}
{{- if and .Values.ingress.enabled .Values.ingress.hosts (not (hasPrefix "*" (first .Values.ingress.hosts).host)) }}
  publicUrl: {{ printf "%s://%s" (ternary "https" "http" (gt (len .Values.ingress.tls) 0)) (first .Values.ingress.hosts).host }}
{{- end }}
{{- end -}}

{{- define "tmf-hub-gateway.config.own" -}}
name: {{ include "tmf-hub-gateway.gatewayName" . | quote }}
server:
  port: {{ .Values.ports.hub }}
  host: {{ ternary "127.0.0.1" "0.0.0.0" (and (eq .Values.mode "sidecar") (not .Values.sidecar.expose)) }}
admin:
  port: {{ .Values.ports.admin }}
  host: 0.0.0.0
data:
  dir: /var/lib/tmf-hub
{{- if not .Values.config.sources }}
broker: {{ .Values.broker }}
{{- end }}
{{- with .Values.kafka }}
{{- if eq (include "tmf-hub-gateway.hasKafka" $) "true" }}
kafka:
  brokers: {{ toJson .brokers }}
  tls:
    enabled: {{ .tls.enabled }}
    {{- include "tmf-hub-gateway.config.tls" (dict "of" "kafka" "tls" .tls) | nindent 4 }}
  sasl:
    mechanism: {{ .sasl.mechanism }}
{{- end }}
{{- end }}
{{- with .Values.rabbitmq }}
{{- if .url }}
rabbitmq:
  url: {{ .url | quote }}
  tls:
    {{- include "tmf-hub-gateway.config.tls" (dict "of" "rabbitmq" "tls" .tls) | nindent 4 }}
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if .enabled }}
redis:
  url: {{ .url | quote }}
  tls:
    {{- include "tmf-hub-gateway.config.tls" (dict "of" "redis" "tls" .tls) | nindent 4 }}
{{- end }}
{{- end }}
{{- with .Values.subscriptions }}
subscriptions:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tmf-hub-gateway.config.tls" -}}
{{- $folder := printf "/etc/tmf-hub/tls/%s" .of -}}
{{- with .tls -}}
{{- if and .secretName .caKey }}
ca: {{ printf "%s/%s" $folder .caKey }}
{{- end }}
{{- if and .secretName .certKey }}
cert: {{ printf "%s/%s" $folder .certKey }}
{{- end }}
{{- if and .secretName .keyKey }}
key: {{ printf "%s/%s" $folder .keyKey }}
{{- end }}
{{- if .serverName }}
serverName: {{ .serverName | quote }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Does one of the sources lie on the gateway's own disk? */}}
{{- define "tmf-hub-gateway.isEmbedded" -}}
{{- $kinds := list .Values.broker -}}
{{- with .Values.config.sources -}}
{{- $kinds = list -}}
{{- range . -}}{{- $kinds = append $kinds .broker -}}{{- end -}}
{{- end -}}
{{- has "embedded" $kinds -}}
{{- end -}}

{{/* Is there anything about it? With config.sources it is what they have in common, the servers perhaps not. */}}
{{- define "tmf-hub-gateway.hasKafka" -}}
{{- with .Values.kafka -}}
{{- or (not (empty .brokers)) .tls.enabled (ne .sasl.mechanism "none") -}}
{{- end -}}
{{- end -}}

{{/* What is not in Redis lies on a volume; a pod without one takes it along when it goes. */}}
{{- define "tmf-hub-gateway.hasVolume" -}}
{{- and .Values.persistence.enabled (or (eq (include "tmf-hub-gateway.isEmbedded" .) "true") (not .Values.redis.enabled)) -}}
{{- end -}}

{{- define "tmf-hub-gateway.registryLasts" -}}
{{- or .Values.redis.enabled (eq (include "tmf-hub-gateway.hasVolume" .) "true") -}}
{{- end -}}

{{/* Prefix of all paths: the Canvas wants /{release}-{component}. */}}
{{- define "tmf-hub-gateway.basePath" -}}
{{- if .Values.canvas.enabled -}}
/{{ include "tmf-hub-gateway.canvas.name" . }}
{{- else -}}
{{- dig "server" "basePath" "" .Values.config -}}
{{- end -}}
{{- end -}}

{{/* Whole seconds of a duration such as 250ms, 10s, 5m, 1h, rounded up. */}}
{{- define "tmf-hub-gateway.seconds" -}}
{{- $amount := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}
{{- div (add $amount 999) 1000 -}}
{{- else -}}
{{- mul $amount (index (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) -}}
{{- end -}}
{{- end -}}

{{/* How long a pod may take to end: leave the Service, drain, and five seconds to close what is open. */}}
{{- define "tmf-hub-gateway.gracePeriod" -}}
{{- $drain := dig "server" "drainTimeout" "10s" .Values.config -}}
{{- add .Values.shutdown.preStopSeconds (include "tmf-hub-gateway.seconds" $drain | int64) 5 -}}
{{- end -}}
