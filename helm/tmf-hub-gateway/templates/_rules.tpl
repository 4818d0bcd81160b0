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
{{- if and $scaled (not .Values.redis.enabled) (eq (dig "hub" "registration" "closed" .Values.config) "open") -}}
{{- fail "config.hub.registration open needs redis.enabled with more than one replica: each would know its own registrations only, and pass over the events of the others" -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail "autoscaling.minReplicas must not be more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .enabled (not (dig "requests" "cpu" (dig "limits" "cpu" "" $.Values.resources) $.Values.resources)) -}}
{{- fail "autoscaling goes by a share of the CPU that is requested: set resources.requests.cpu" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.canvas.enabled (dig "server" "basePath" "" .Values.config) -}}
{{- fail "canvas.enabled sets config.server.basePath, which a Canvas wants to be /{release}-{componentName}: leave it out" -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" (include "tmf-hub-gateway.fullname" .)) -}}
{{- fail (printf "%s is no name for a Service, which begins with a letter: set fullnameOverride" (include "tmf-hub-gateway.fullname" .)) -}}
{{- end -}}
{{- if eq (int .Values.service.port) (int .Values.service.adminPort) -}}
{{- fail "service.port and service.adminPort must differ" -}}
{{- end -}}
{{- if eq (int .Values.ports.hub) (int .Values.ports.admin) -}}
{{- fail "ports.hub and ports.admin must differ" -}}
{{- end -}}
{{- if and (ne .Values.kafka.sasl.mechanism "none") (not (and .Values.kafka.sasl.secretName .Values.kafka.sasl.usernameKey .Values.kafka.sasl.passwordKey)) -}}
{{- fail "kafka.sasl.mechanism needs kafka.sasl.secretName: a secret with user and password" -}}
{{- end -}}
{{- with .Values.rabbitmq.credentials -}}
{{- if and .secretName (not (and .usernameKey .passwordKey)) -}}
{{- fail "rabbitmq.credentials.secretName needs usernameKey and passwordKey: there is no user for a password alone" -}}
{{- end -}}
{{- end -}}
{{- with .Values.redis.credentials -}}
{{- if and .secretName (not .passwordKey) -}}
{{- fail "redis.credentials.secretName needs passwordKey" -}}
{{- end -}}
{{- end -}}
{{- include "tmf-hub-gateway.rules.tls" (dict "of" "kafka" "tls" .Values.kafka.tls "isOn" .Values.kafka.tls.enabled "by" "kafka.tls.enabled") -}}
{{- include "tmf-hub-gateway.rules.tls" (dict "of" "rabbitmq" "tls" .Values.rabbitmq.tls "isOn" (hasPrefix "amqps:" .Values.rabbitmq.url) "by" "a rabbitmq.url that begins with amqps") -}}
{{- include "tmf-hub-gateway.rules.tls" (dict "of" "redis" "tls" .Values.redis.tls "isOn" (hasPrefix "rediss:" .Values.redis.url) "by" "a redis.url that begins with rediss") -}}
{{- $known := list -}}
{{- range .Values.secretEnv -}}
{{- if has .name $known -}}{{- fail (printf "secretEnv has %s twice" .name) -}}{{- end -}}
{{- $known = append $known .name -}}
{{- end -}}
{{- $written := toJson (dict "config" .Values.config "subscriptions" .Values.subscriptions) -}}
{{- with regexFind "([^\"$]\\$\\{[A-Z_][A-Z0-9_]*\\}|\"\\$\\{[A-Z_][A-Z0-9_]*\\}[^\"])" $written -}}
{{- fail (printf "%s in config or subscriptions: a variable is a whole value, never a part of one" (regexFind "\\$\\{[A-Z0-9_]*\\}" .)) -}}
{{- end -}}
{{- range regexFindAll "\"\\$\\{[A-Z_][A-Z0-9_]*\\}\"" $written -1 -}}
{{- $name := regexFind "[A-Z_][A-Z0-9_]*" . -}}
{{- if not (has $name $known) -}}
{{- fail (printf "${%s} stands in config or subscriptions, and secretEnv has no variable of that name" $name) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9][a-z0-9.-]{0,60}$" (include "tmf-hub-gateway.gatewayName" .)) -}}
{{- fail "the name of the gateway (config.name, or the release's) is lower-case letters, digits, \".\" and \"-\", at most 61" -}}
{{- end -}}
{{- include "tmf-hub-gateway.settings" . -}}
{{- end -}}

{{/* The gateway would refuse these, too. */}}
{{- define "tmf-hub-gateway.rules.tls" -}}
{{- $files := or .tls.caKey .tls.certKey .tls.keyKey -}}
{{- if and $files (not .tls.secretName) -}}
{{- fail (printf "%s.tls.caKey, certKey and keyKey are keys of a secret: set %s.tls.secretName" .of .of) -}}
{{- end -}}
{{- if ne (empty .tls.certKey) (empty .tls.keyKey) -}}
{{- fail (printf "%s.tls.certKey and %s.tls.keyKey belong together" .of .of) -}}
{{- end -}}
{{- if and (or $files .tls.serverName) (not .isOn) -}}
{{- fail (printf "%s.tls is of no use without %s" .of .by) -}}
{{- end -}}
{{- end -}}
