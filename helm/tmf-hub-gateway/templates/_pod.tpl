{{/* What standalone and sidecar have in common of a pod. */}}

{{- define "tmf-hub-gateway.container" -}}
name: {{ include "tmf-hub-gateway.containerName" . }}
image: {{ include "tmf-hub-gateway.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  {{- include "tmf-hub-gateway.env" . | nindent 2 }}
ports:
  - name: {{ include "tmf-hub-gateway.portName" (list . "hub") }}
    containerPort: {{ .Values.ports.hub }}
  - name: {{ include "tmf-hub-gateway.portName" (list . "admin") }}
    containerPort: {{ .Values.ports.admin }}
# The process serves its health before anything else, also while it waits for a broker.
startupProbe:
  {{- include "tmf-hub-gateway.probe" (list . "/healthz") | nindent 2 }}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  {{- include "tmf-hub-gateway.probe" (list . "/healthz") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  # A broker that is away must not make the host of a sidecar unready.
  {{- include "tmf-hub-gateway.probe" (list . (ternary "/healthz" "/readyz" (eq .Values.mode "sidecar"))) | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 3
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - name: {{ include "tmf-hub-gateway.volumeName" (list . "config") }}
    mountPath: /etc/tmf-hub/config
    readOnly: true
  - name: {{ include "tmf-hub-gateway.volumeName" (list . "data") }}
    mountPath: /var/lib/tmf-hub
  - name: {{ include "tmf-hub-gateway.volumeName" (list . "tmp") }}
    mountPath: /tmp
  {{- range $of := list "kafka" "rabbitmq" "redis" }}
  {{- if (index $.Values $of).tls.secretName }}
  - name: {{ include "tmf-hub-gateway.volumeName" (list $ (printf "%s-tls" $of)) }}
    mountPath: /etc/tmf-hub/tls/{{ $of }}
    readOnly: true
  {{- end }}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "tmf-hub-gateway.probe" -}}
{{- $ := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: {{ include "tmf-hub-gateway.portName" (list $ "admin") }}
{{- end -}}

{{- define "tmf-hub-gateway.volumes" -}}
- name: {{ include "tmf-hub-gateway.volumeName" (list . "config") }}
  configMap:
    name: {{ include "tmf-hub-gateway.fullname" . }}
- name: {{ include "tmf-hub-gateway.volumeName" (list . "data") }}
  {{- if eq (include "tmf-hub-gateway.hasVolume" .) "true" }}
  persistentVolumeClaim:
    claimName: {{ default (include "tmf-hub-gateway.fullname" .) .Values.persistence.existingClaim }}
  {{- else }}
  emptyDir: {}
  {{- end }}
- name: {{ include "tmf-hub-gateway.volumeName" (list . "tmp") }}
  emptyDir: {}
{{- range $of := list "kafka" "rabbitmq" "redis" }}
{{- with (index $.Values $of).tls.secretName }}
- name: {{ include "tmf-hub-gateway.volumeName" (list $ (printf "%s-tls" $of)) }}
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A changed configuration makes new pods. */}}
{{- define "tmf-hub-gateway.podAnnotations" -}}
checksum/config: {{ include "tmf-hub-gateway.config" . | sha256sum }}
{{- end -}}

{{/* In the pod of a host the names must be ours alone; where the chart has an alias, two of them fit into one pod. */}}
{{- define "tmf-hub-gateway.containerName" -}}
{{- ternary (include "tmf-hub-gateway.name" .) "gateway" (eq .Values.mode "sidecar") -}}
{{- end -}}

{{- define "tmf-hub-gateway.volumeName" -}}
{{- $ := index . 0 -}}
{{- $name := index . 1 -}}
{{- ternary (printf "%s-%s" (include "tmf-hub-gateway.name" $) $name) $name (eq $.Values.mode "sidecar") -}}
{{- end -}}

{{/* At most 15 characters. */}}
{{- define "tmf-hub-gateway.portName" -}}
{{- $ := index . 0 -}}
{{- $name := index . 1 -}}
{{- if eq $.Values.mode "sidecar" -}}
{{- printf "%s-%s" (include "tmf-hub-gateway.name" $ | trunc 9 | trimSuffix "-") $name -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}
