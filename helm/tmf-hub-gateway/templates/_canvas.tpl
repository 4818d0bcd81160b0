{{/* What the chart says to an ODA Canvas: names, labels, and the hubs and events of the Component. */}}

{{/* Name of the Component, and of it in labels and paths. */}}
{{- define "tmf-hub-gateway.canvas.name" -}}
{{- $name := printf "%s-%s" .Release.Name .Values.canvas.componentName -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "%s has more than 63 characters, which no label may have: choose a shorter release or canvas.componentName" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* By this label the component operator takes a resource as a part of the Component. */}}
{{- define "tmf-hub-gateway.canvas.label" -}}
oda.tmforum.org/componentName: {{ include "tmf-hub-gateway.canvas.name" . }}
{{- end -}}

{{/* (list $ HUB): where the gateway has it, below the prefix; empty when it has none. */}}
{{- define "tmf-hub-gateway.canvas.basePath" -}}
{{- $ := index . 0 -}}
{{- $hub := index . 1 -}}
{{- $major := $hub.version | int | toString -}}
{{- $path := dig $hub.api $major "" ($.Files.Get "files/hub-paths.json" | fromJson) -}}
{{- range dig "hub" "apis" list $.Values.config -}}
{{- if and (eq .api $hub.api) (eq (include "tmf-hub-gateway.canvas.major" .version) $major) -}}{{- $path = .basePath -}}{{- end -}}
{{- end -}}
{{- default $path $hub.basePath -}}
{{- end -}}

{{/* Of a version such as 4, v4 or 4.1.0. */}}
{{- define "tmf-hub-gateway.canvas.major" -}}
{{- regexFind "[0-9]+" (toString .) -}}
{{- end -}}

{{- define "tmf-hub-gateway.canvas.path" -}}
{{- $basePath := include "tmf-hub-gateway.canvas.basePath" . -}}
{{- if not $basePath -}}
{{- with index . 1 -}}
{{- fail (printf "canvas: the gateway has no hub of %s in version %d; config.hub.apis can give it one" .api (int .version)) -}}
{{- end -}}
{{- end -}}
{{- include "tmf-hub-gateway.basePath" (index . 0) -}}{{- $basePath -}}
{{- end -}}

{{/* Operators make names of resources of it, and the identity operator knows its two APIs by theirs. */}}
{{- define "tmf-hub-gateway.canvas.apiName" -}}
{{- $hub := index . 1 -}}
{{- $ofPath := regexReplaceAll "/v[0-9.]+$" (include "tmf-hub-gateway.canvas.basePath" .) "" | base | lower -}}
{{- $known := dict "TMF669" "partyrole" "TMF672" "userrolesandpermissions" -}}
{{- default (default (regexReplaceAll "[^a-z0-9]" $ofPath "") (get $known $hub.api)) $hub.name -}}
{{- end -}}

{{- define "tmf-hub-gateway.canvas.specification" -}}
{{- $ := index . 0 -}}
{{- $hub := index . 1 -}}
{{- $service := printf "http://%s.%s.svc:%d%s" (include "tmf-hub-gateway.fullname" $) $.Release.Namespace (int $.Values.service.port) (include "tmf-hub-gateway.basePath" $) -}}
- url: {{ default (printf "%s/openapi.json" $service) $hub.specification | quote }}
  version: v{{ int $hub.version }}
{{- end -}}

{{/* (list $ HUB): an entry of exposedAPIs. */}}
{{- define "tmf-hub-gateway.canvas.exposedAPI" -}}
{{- $ := index . 0 -}}
{{- $hub := index . 1 -}}
- name: {{ include "tmf-hub-gateway.canvas.apiName" . }}
  id: {{ $hub.api }}
  apiType: openapi
  specification:
    {{- include "tmf-hub-gateway.canvas.specification" . | nindent 4 }}
  implementation: {{ include "tmf-hub-gateway.fullname" $ }}
  path: {{ include "tmf-hub-gateway.canvas.path" . }}
  port: {{ int $.Values.service.port }}
  required: {{ dig "required" true $hub }}
  {{- with $hub.gatewayConfiguration }}
  gatewayConfiguration:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* (list $ HUB): what published and subscribed events have in common. */}}
{{- define "tmf-hub-gateway.canvas.event" -}}
{{- $ := index . 0 -}}
{{- $hub := index . 1 -}}
- name: {{ include "tmf-hub-gateway.canvas.apiName" . }}-v{{ int $hub.version }}
  {{- with $hub.description }}
  description: {{ . | quote }}
  {{- end }}
  apiType: openapi
  specification:
    {{- include "tmf-hub-gateway.canvas.specification" . | nindent 4 }}
  implementation: {{ include "tmf-hub-gateway.fullname" $ }}
  port: {{ int $.Values.service.port }}
{{- end -}}

{{/* Hubs whose events somebody may get, each once: listed ones, and those of declared subscriptions. As {"hubs": [...]}. */}}
{{- define "tmf-hub-gateway.canvas.publishing" -}}
{{- $ := . -}}
{{- $hubs := concat .Values.canvas.exposedAPIs .Values.canvas.security.exposedAPIs .Values.canvas.publishedEvents -}}
{{- $paths := .Files.Get "files/hub-paths.json" | fromJson -}}
{{- range .Values.subscriptions -}}
{{- if .api -}}
{{- $newest := dig .api dict $paths | keys | sortAlpha | last | default "1" -}}
{{- $hub := dict "api" .api "version" (include "tmf-hub-gateway.canvas.major" (default $newest .version) | int) -}}
{{- if include "tmf-hub-gateway.canvas.basePath" (list $ $hub) -}}{{- $hubs = append $hubs $hub -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $seen := dict -}}
{{- $once := list -}}
{{- range $hubs -}}
{{- $path := include "tmf-hub-gateway.canvas.path" (list $ .) -}}
{{- if not (hasKey $seen $path) -}}{{- $once = append $once . -}}{{- end -}}
{{- $_ := set $seen $path true -}}
{{- end -}}
{{- toJson (dict "hubs" $once) -}}
{{- end -}}

{{/* What config.hub has unless it says otherwise: the identity operator's listener knows names of events in one spelling only. */}}
{{- define "tmf-hub-gateway.canvas.hub" -}}
{{- $ := . -}}
{{- $scopes := list -}}
{{- if .Values.canvas.enabled -}}
{{- range .Values.canvas.security.exposedAPIs -}}
{{- $scopes = append $scopes (dict "basePath" (include "tmf-hub-gateway.canvas.basePath" (list $ .)) "profile" "oda-canvas") -}}
{{- end -}}
{{- end -}}
{{- if $scopes -}}
{{- toYaml (dict "scopes" $scopes) -}}
{{- end -}}
{{- end -}}

{{- define "tmf-hub-gateway.canvas.rules" -}}
{{- $ := . -}}
{{- if and .Values.canvas.metrics.enabled (ne (int .Values.service.adminPort) (int .Values.ports.admin)) -}}
{{- fail "a Canvas has one number for the port of metrics, of the Service and of the container: service.adminPort and ports.admin must be equal" -}}
{{- end -}}
{{- $seen := dict -}}
{{- range concat .Values.canvas.exposedAPIs .Values.canvas.security.exposedAPIs -}}
{{- $name := printf "%s-v%d" (include "tmf-hub-gateway.canvas.apiName" (list $ .)) (int .version) -}}
{{- if hasKey $seen $name -}}
{{- fail (printf "canvas has two exposed APIs %s, whose resources would have one name: give one of them another name" $name) -}}
{{- end -}}
{{- $_ := set $seen $name true -}}
{{- end -}}
{{- end -}}
