{{/* Environment of the container: where its configuration is, and every secret. */}}

{{- define "tmf-hub-gateway.env" -}}
- name: TMF_HUB_CONFIG
  value: /etc/tmf-hub/config/gateway.yaml
{{- if ne (int .Values.ports.admin) 8081 }}
# For the command line in the container.
- name: TMF_HUB_ADMIN
  value: http://127.0.0.1:{{ .Values.ports.admin }}
{{- end }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_ADMIN_TOKEN" .Values.admin.token.secretName .Values.admin.token.key) }}
{{- with .Values.kafka }}
{{- if ne .sasl.mechanism "none" }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_KAFKA_SASL_USERNAME" .sasl.secretName .sasl.usernameKey) }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_KAFKA_SASL_PASSWORD" .sasl.secretName .sasl.passwordKey) }}
{{- end }}
{{- end }}
{{- with .Values.rabbitmq.credentials }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_RABBITMQ_USERNAME" .secretName .usernameKey) }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_RABBITMQ_PASSWORD" .secretName .passwordKey) }}
{{- end }}
{{- with .Values.redis }}
{{- if .enabled }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_REDIS_USERNAME" .credentials.secretName .credentials.usernameKey) }}
{{- include "tmf-hub-gateway.secretVariable" (list "TMF_HUB_REDIS_PASSWORD" .credentials.secretName .credentials.passwordKey) }}
{{- end }}
{{- end }}
{{- range .Values.secretEnv }}
{{- include "tmf-hub-gateway.secretVariable" (list .name .secretName .key) }}
{{- end }}
{{- end -}}

{{/* (list NAME SECRET KEY); nothing without secret or key. */}}
{{- define "tmf-hub-gateway.secretVariable" -}}
{{- $name := index . 0 -}}
{{- $secret := index . 1 -}}
{{- $key := index . 2 -}}
{{- if and $secret $key }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ $key }}
{{- end }}
{{- end -}}
