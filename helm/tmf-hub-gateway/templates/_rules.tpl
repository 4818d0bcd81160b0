{{/* Values that cannot go together, beyond what values.schema.json can say; each with the way out. */}}

{{- define "tmf-hub-gateway.rules" -}}
{{- $scaled := or (gt (int .Values.replicaCount) 1) .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- $embedded := eq (include "tmf-hub-gateway.isEmbedded" .) "true" -}}
{{- if and $embedded $scaled -}}
{{- fail "config.sources has an embedded source, which lies on the disk of one replica: set replicaCount to 1 and switch autoscaling and keda off" -}}
{{- end -}}
{{- if and $embedded (not .Values.persistence.enabled) -}}
{{- fail "config.sources has an embedded source: its events need a volume, set persistence.enabled" -}}
{{- end -}}
{{- if and $scaled (eq (include "tmf-hub-gateway.hasVolume" .) "true") (eq .Values.mode "standalone") -}}
{{- fail "more than one replica cannot share a volume: set redis.enabled, so that they share the registry there; or set persistence.enabled to false, if all subscriptions are declared" -}}
{{- end -}}
{{- if eq (int .Values.ports.hub) (int .Values.ports.admin) -}}
{{- fail "ports.hub and ports.admin must differ" -}}
{{- end -}}
{{- if and (ne .Values.kafka.sasl.mechanism "none") (not .Values.kafka.sasl.secretName) -}}
{{- fail "kafka.sasl.mechanism needs kafka.sasl.secretName: a secret with user and password" -}}
{{- end -}}
{{- $known := list -}}
{{- range .Values.secretEnv -}}{{- $known = append $known .name -}}{{- end -}}
{{- range regexFindAll "\\$\\{[A-Z_][A-Z0-9_]*\\}" (toJson (dict "config" .Values.config "subscriptions" .Values.subscriptions)) -1 -}}
{{- $name := trimSuffix "}" (trimPrefix "${" .) -}}
{{- if not (has $name $known) -}}
{{- fail (printf "%s stands in config or subscriptions, and secretEnv has no variable of that name" .) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9][a-z0-9.-]{0,60}$" (include "tmf-hub-gateway.gatewayName" .)) -}}
{{- fail "the name of the gateway (config.name, or the release's) is lower-case letters, digits, \".\" and \"-\", at most 61" -}}
{{- end -}}
{{- end -}}
