{{/* Settings that do not go together: what the gateway would refuse when it starts, told before there is a pod. */}}

{{- define "tmf-hub-gateway.settings" -}}
{{- $ := . -}}
{{- $file := .Files.Get "files/settings.json" | fromJson -}}
{{- $settings := mergeOverwrite $file.defaults (deepCopy .Values.config) -}}
{{- range list (list "callbacks" "connectTimeout" "timeout") (list "circuit" "probeMin" "probeMax") (list "limits" "startConcurrency" "maxConcurrency") -}}
{{- $section := index . 0 -}}
{{- $lower := dig $section (index . 1) "" $.Values.config | toString -}}
{{- $upper := index $settings $section (index . 2) | toString -}}
{{- if and $lower (gt (include "tmf-hub-gateway.amount" $lower | int64) (include "tmf-hub-gateway.amount" $upper | int64)) -}}
{{- fail (printf "config.%s.%s (%s) must be no more than %s (%s)" $section (index . 1) $lower (index . 2) $upper) -}}
{{- end -}}
{{- end -}}
{{- include "tmf-hub-gateway.settings.profiles" (list $file.profiles $settings.hub .Values.subscriptions) -}}
{{- $apis := list -}}
{{- range $settings.validation.apis -}}
{{- if has .api $apis -}}{{- fail (printf "config.validation.apis has %s twice" .api) -}}{{- end -}}
{{- $apis = append $apis .api -}}
{{- end -}}
{{- $before := list -}}
{{- range default (list (dict "broker" .Values.broker)) .Values.config.sources -}}
{{- $kind := .broker -}}
{{- $name := default "" .name -}}
{{- $prefix := default (include "tmf-hub-gateway.gatewayName" $) .prefix -}}
{{- $source := dict "of" (ternary "config" (printf "config.sources, %s" $name) (empty $name)) "broker" $kind "prefix" $prefix "settings" $settings -}}
{{- range $before -}}
{{- if eq .name $name -}}{{- fail (printf "config.sources has two of the name %s" $name) -}}{{- end -}}
{{- if and (eq .broker $kind) (eq $kind "embedded") -}}{{- fail "config.sources has two that are embedded" -}}{{- end -}}
{{- $meet := or (hasPrefix (printf "%s." .prefix) (printf "%s." $prefix)) (hasPrefix (printf "%s." $prefix) (printf "%s." .prefix)) -}}
{{- if and (eq .broker $kind) $meet -}}
{{- fail (printf "config.sources: what %s and %s have at their brokers begins with %s and %s; give them prefixes of which none begins with the other" .name $name .prefix $prefix) -}}
{{- end -}}
{{- end -}}
{{- $before = append $before (dict "name" $name "broker" $kind "prefix" $prefix) -}}
{{- if and $name (or (and .kafka (ne $kind "kafka")) (and .rabbitmq (ne $kind "rabbitmq"))) -}}
{{- fail (printf "config.sources, %s: settings of another broker than %s" $name $kind) -}}
{{- end -}}
{{- if ne $kind "embedded" -}}
{{- $own := mergeOverwrite (index $settings $kind | deepCopy) (deepCopy (default dict (index . $kind))) -}}
{{- include "tmf-hub-gateway.settings.source" (merge (dict "own" $own) $source) -}}
{{- if $name -}}
{{- include (printf "tmf-hub-gateway.settings.%s" $kind) (dict "of" $source.of "own" (default dict (index . $kind)) "shared" (index $.Values $kind)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tmf-hub-gateway.settings.source" -}}
{{- $of := printf "%s: %s" .of .broker -}}
{{- $silence := ternary .own.sessionTimeout .own.heartbeat (eq .broker "kafka") -}}
{{- $more := ternary 2000 5000 (eq .broker "kafka") -}}
{{- $timeout := .settings.callbacks.timeout -}}
{{- if lt (include "tmf-hub-gateway.amount" $silence | int64) (add (include "tmf-hub-gateway.amount" $timeout | int64) $more) -}}
{{- fail (printf "%s.%s (%s) must be at least %ds above callbacks.timeout (%s)" $of (ternary "sessionTimeout" "heartbeat" (eq .broker "kafka")) $silence (div $more 1000) $timeout) -}}
{{- end -}}
{{- $event := include "tmf-hub-gateway.amount" .settings.server.maxEventBody | int64 -}}
{{- $times := ternary 3 2 (eq .broker "kafka") -}}
{{- if lt (include "tmf-hub-gateway.amount" .own.deadLetters.maxBytes | int64) (mul $times $event) -}}
{{- fail (printf "%s.deadLetters.maxBytes (%s) must be at least %d times server.maxEventBody (%s)" $of .own.deadLetters.maxBytes $times .settings.server.maxEventBody) -}}
{{- end -}}
{{- if and .own.publishQueue (lt (include "tmf-hub-gateway.amount" .own.publishQueue | int64) $event) -}}
{{- fail (printf "%s.publishQueue (%s) must be no less than server.maxEventBody (%s)" $of .own.publishQueue .settings.server.maxEventBody) -}}
{{- end -}}
{{- $prefix := .prefix -}}
{{- range concat (values .settings.topics) (ternary (default list .own.topics) (default list .own.exchanges) (eq .broker "kafka")) -}}
{{- if hasPrefix (printf "%s." $prefix) . -}}
{{- fail (printf "events in %s would never be read: what begins with %s. is the gateway's own. Choose another release name, config.name or config.topics" . $prefix) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Who an entry of config.sources connects to, and as whom: its own values, else those that all of them share. */}}
{{- define "tmf-hub-gateway.settings.kafka" -}}
{{- if not (or .own.brokers .shared.brokers) -}}
{{- fail (printf "%s needs brokers, or kafka.brokers" .of) -}}
{{- end -}}
{{- $tls := default dict .own.tls -}}
{{- include "tmf-hub-gateway.settings.tls" (dict "of" .of "tls" $tls "shared" .shared.tls "isOn" (dig "enabled" .shared.tls.enabled $tls)) -}}
{{- $sasl := default dict .own.sasl -}}
{{- $has := ne .shared.sasl.mechanism "none" -}}
{{- $wants := ne (dig "mechanism" .shared.sasl.mechanism $sasl) "none" -}}
{{- if and $wants (not (and (or $has $sasl.username) (or $has $sasl.password))) -}}
{{- fail (printf "%s: sasl needs username and password" .of) -}}
{{- end -}}
{{- if and (not $wants) (or $sasl.username $sasl.password) -}}
{{- fail (printf "%s: sasl is of no use without a mechanism" .of) -}}
{{- end -}}
{{- end -}}

{{- define "tmf-hub-gateway.settings.rabbitmq" -}}
{{- $url := default .shared.url .own.url -}}
{{- if not $url -}}
{{- fail (printf "%s needs a url, or rabbitmq.url" .of) -}}
{{- end -}}
{{/* What the URL of a variable has nobody knows here. */}}
{{- if not (hasPrefix "$" $url) -}}
{{- include "tmf-hub-gateway.settings.tls" (dict "of" .of "tls" (default dict .own.tls) "shared" .shared.tls "isOn" (hasPrefix "amqps:" $url)) -}}
{{- $has := not (empty .shared.credentials.secretName) -}}
{{- if ne (or $has (not (empty .own.username))) (or $has (not (empty .own.password))) -}}
{{- fail (printf "%s: username and password belong together" .of) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tmf-hub-gateway.settings.tls" -}}
{{- if and (or .tls.ca .tls.cert .tls.key .tls.serverName) (not .isOn) -}}
{{- fail (printf "%s: tls is of no use where it is not on" .of) -}}
{{- end -}}
{{- if ne (empty (or .tls.cert .shared.certKey)) (empty (or .tls.key .shared.keyKey)) -}}
{{- fail (printf "%s: tls.cert and tls.key belong together" .of) -}}
{{- end -}}
{{- end -}}

{{/* (list BUILT-IN HUB SUBSCRIPTIONS) */}}
{{- define "tmf-hub-gateway.settings.profiles" -}}
{{- $hub := index . 1 -}}
{{- $known := index . 0 -}}
{{- $own := list -}}
{{- range $hub.profiles -}}
{{- if has .name $own -}}{{- fail (printf "config.hub.profiles has %s twice" .name) -}}{{- end -}}
{{- $own = append $own .name -}}
{{- end -}}
{{- $known = concat $known $own | uniq -}}
{{- range concat (list $hub) $hub.scopes (index . 2) -}}
{{- if and .profile (not (has .profile $known)) (not (hasPrefix "$" .profile)) -}}
{{- fail (printf "there is no profile %s, only %s" .profile (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Milliseconds of a duration, bytes of a size, or the number itself. */}}
{{- define "tmf-hub-gateway.amount" -}}
{{- $units := dict "" 1 "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "B" 1 "KiB" 1024 "MiB" 1048576 "GiB" 1073741824 "TiB" 1099511627776 -}}
{{- mul (regexFind "^[0-9]+" . | int64) (index $units (regexFind "[A-Za-z]*$" .)) -}}
{{- end -}}
