{{/*
For the chart of a host. It depends on this one (mode: sidecar) and hands these templates the context of it:
  {{- $hub := index .Subcharts "tmf-hub-gateway" }}
docs/sidecar.md shows where each goes.
*/}}

{{/* An entry of `initContainers`: a native sidecar, which starts before the host's containers and ends after them. */}}
{{- define "tmf-hub-gateway.sidecar.container" -}}
- {{ include "tmf-hub-gateway.container" . | nindent 2 | trim }}
  restartPolicy: Always
{{- end -}}

{{/* Entries of `volumes`. */}}
{{- define "tmf-hub-gateway.sidecar.volumes" -}}
{{ include "tmf-hub-gateway.volumes" . }}
{{- end -}}

{{/* Annotations of the pod. */}}
{{- define "tmf-hub-gateway.sidecar.podAnnotations" -}}
{{ include "tmf-hub-gateway.podAnnotations" . }}
{{- end -}}

{{/* Labels of the pod, by which the PodMonitor finds it. */}}
{{- define "tmf-hub-gateway.sidecar.podLabels" -}}
{{ printf "tmf-hub-gateway/%s" (include "tmf-hub-gateway.name" .) }}: {{ .Release.Name }}
{{- end -}}

{{/* An entry of the `ports` of the host's Service; with sidecar.expose. */}}
{{- define "tmf-hub-gateway.sidecar.servicePort" -}}
{{- if .Values.sidecar.expose -}}
- name: {{ include "tmf-hub-gateway.portName" (list . "hub") }}
  port: {{ .Values.service.port }}
  targetPort: {{ include "tmf-hub-gateway.portName" (list . "hub") }}
  protocol: TCP
{{- end -}}
{{- end -}}

{{/* Seconds to add to the host's own terminationGracePeriodSeconds: the sidecar ends after the host. */}}
{{- define "tmf-hub-gateway.sidecar.gracePeriod" -}}
{{- sub (include "tmf-hub-gateway.gracePeriod" . | int64) .Values.shutdown.preStopSeconds -}}
{{- end -}}

{{/* (list CONTEXT REPLICAS): `replicas` of the host's Deployment: a volume with the registry or the events is of one pod only. */}}
{{- define "tmf-hub-gateway.sidecar.replicas" -}}
{{- $replicas := index . 1 | int -}}
{{- if and (gt $replicas 1) (eq (include "tmf-hub-gateway.hasVolume" (index . 0)) "true") -}}
{{- fail (printf "%d pods cannot share the volume of %s: set its redis.enabled; or its persistence.enabled to false, if all subscriptions are declared" $replicas (index . 0).Chart.Name) -}}
{{- end -}}
{{- $replicas -}}
{{- end -}}

{{/* The strategy of the host's Deployment: a volume of one pod cannot be handed over while two of them run. */}}
{{- define "tmf-hub-gateway.sidecar.strategy" -}}
type: {{ ternary "Recreate" "RollingUpdate" (eq (include "tmf-hub-gateway.hasVolume" .) "true") }}
{{- end -}}
