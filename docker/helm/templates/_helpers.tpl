{{- define "idiolect.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{/* Labels of everything, and with a component ("server", "proxy") those by which its pods are found. */}}
{{- define "idiolect.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "idiolect.labels" -}}
{{ include "idiolect.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The most servers that there will be: so many places the proxy's ring gets. */}}
{{- define "idiolect.places" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled -}}
{{- end }}

{{/* Without root, without rights, on a root that can't be written. */}}
{{- define "idiolect.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Asks grpc.health.v1 for one service: as the kubelet does it, which knows no TLS, or as the program does. */}}
{{- define "idiolect.probe" -}}
{{- if .root.Values.serverTls.secret -}}
exec: {command: [idiolect, status, --health, {{ .service }}, --timeout, "4"]}
{{- else -}}
grpc: {port: 50051, service: {{ ternary "" .service (eq .service "server") | quote }}}
{{- end }}
timeoutSeconds: 5
{{- end }}

{{/* The server refuses to listen for others without keys or TLS unless it is told twice; so does this chart. */}}
{{- define "idiolect.check" -}}
{{- $_ := required "database.secret: the Secret with url and password of PostgreSQL is required" .Values.database.secret -}}
{{- $_ := required "proxy.certificate.secret: the Secret with the proxy's certificate is required" .Values.proxy.certificate.secret -}}
{{- if not (or .Values.apiKeys.secret .Values.apiKeys.allowAnonymous) -}}
{{- fail "apiKeys.secret: give the Secret with API keys, or set apiKeys.allowAnonymous to let everybody in" -}}
{{- end -}}
{{- if not (or .Values.serverTls.secret .Values.serverTls.allowPlaintext) -}}
{{- fail "serverTls.secret: give the Secret with the servers' certificate, or set serverTls.allowPlaintext" -}}
{{- end -}}
{{- if and .Values.serverTls.secret (not .Values.serverTls.name) -}}
{{- fail "serverTls.name: the proxy has to know the name in the servers' certificate" -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- fail "autoscaling: minReplicas exceeds maxReplicas" -}}
{{- end -}}
{{- end }}
