package main

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/util/httpstream/wsstream"
	utilproxy "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/apiserver/pkg/util/proxy"
)

// apiserver answers a client's paths the way a kube-apiserver does: objects as little as a client needs, streams by
// the real translators (k8s.io/apiserver/pkg/util/proxy), everything else proxied to the kubelet beside it.
type apiserver struct {
	kubelet string
}

func (a *apiserver) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]string{"major": "1", "minor": "36", "gitVersion": "v1.36.3"})
	})
	// Discovery, without which kubectl knows no pods.
	for path, document := range map[string]any{
		"/api":  map[string]any{"kind": "APIVersions", "versions": []string{"v1"}},
		"/apis": map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": []any{}},
		"/api/v1": map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": []any{
			map[string]any{"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "shortNames": []string{"po"}, "verbs": []string{"get", "list", "watch"}},
		}},
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answer(w, document) })
	}
	mux.HandleFunc("GET /api/v1/namespaces/{namespace}/pods/{pod}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, podObject(r.PathValue("namespace"), r.PathValue("pod")))
	})
	mux.HandleFunc("/api/v1/namespaces/{namespace}/pods/{pod}/exec", a.command("exec"))
	mux.HandleFunc("/api/v1/namespaces/{namespace}/pods/{pod}/attach", a.command("attach"))
	mux.HandleFunc("/api/v1/namespaces/{namespace}/pods/{pod}/portforward", a.portForward)
	mux.HandleFunc("GET /api/v1/namespaces/{namespace}/pods/{pod}/log", a.log)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusForbidden, "Forbidden", `forbidden: User "tester" cannot get path "`+r.URL.Path+`"`)
	})
	return mux
}

// command is exec or attach: WebSocket v5 is translated to SPDY as by an apiserver whose node does not declare
// ExtendWebSocketsToKubelet, anything else goes through as it is (k8s.io/kubernetes/pkg/registry/core/pod/rest/subresources.go).
func (a *apiserver) command(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		location := a.location("/"+verb+"/"+r.PathValue("namespace")+"/"+r.PathValue("pod")+"/"+containerOf(query), kubeletQuery(query))
		if r.PathValue("pod") == "spdy-only" && wsstream.IsWebSocketRequest(r) {
			// A proxy that strips WebSockets leaves a plain GET behind.
			refuse(w, http.StatusBadRequest, "BadRequest", "Upgrade request required")
			return
		}
		if wsstream.IsWebSocketRequestWithStreamCloseProtocol(r) {
			options := proxy.Options{Stdin: query.Get("stdin") == "true", Stdout: query.Get("stdout") == "true", Stderr: query.Get("stderr") == "true", Tty: query.Get("tty") == "true"}
			proxy.NewStreamTranslatorHandler(location, transport(), 0, options).ServeHTTP(w, r)
			return
		}
		upgradeAware(location).ServeHTTP(w, r)
	}
}

func (a *apiserver) portForward(w http.ResponseWriter, r *http.Request) {
	location := a.location("/portForward/"+r.PathValue("namespace")+"/"+r.PathValue("pod"), r.URL.Query())
	if r.PathValue("pod") == "spdy-only" && wsstream.IsWebSocketRequest(r) {
		refuse(w, http.StatusBadRequest, "BadRequest", "Upgrade request required")
		return
	}
	if wsstream.IsWebSocketRequestWithTunnelingProtocol(r) {
		proxy.NewTunnelingHandler(upgradeAware(location)).ServeHTTP(w, r)
		return
	}
	upgradeAware(location).ServeHTTP(w, r)
}

func (a *apiserver) log(w http.ResponseWriter, r *http.Request) {
	location := a.location("/containerLogs/"+r.PathValue("namespace")+"/"+r.PathValue("pod")+"/"+containerOf(r.URL.Query()), r.URL.Query())
	handler := utilproxy.NewUpgradeAwareHandler(location, transport(), false, false, responder{})
	handler.ServeHTTP(w, r)
}

func (a *apiserver) location(path string, query url.Values) *url.URL {
	return &url.URL{Scheme: "https", Host: a.kubelet, Path: path, RawQuery: query.Encode()}
}

// The kubelet's own names of the parameters (k8s.io/kubernetes/pkg/registry/core/pod/strategy.go streamParams).
func kubeletQuery(query url.Values) url.Values {
	renamed := url.Values{}
	for from, to := range map[string]string{"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"} {
		if query.Get(from) == "true" {
			renamed.Set(to, "1")
		}
	}
	for _, word := range query["command"] {
		renamed.Add("command", word)
	}
	return renamed
}

func containerOf(query url.Values) string {
	if name := query.Get("container"); name != "" {
		return name
	}
	return "echo"
}

func transport() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: false, DisableKeepAlives: true}
}

func upgradeAware(location *url.URL) *utilproxy.UpgradeAwareHandler {
	return utilproxy.NewUpgradeAwareHandler(location, transport(), false, true, responder{})
}

type responder struct{}

func (responder) Error(w http.ResponseWriter, _ *http.Request, err error) {
	refuse(w, http.StatusInternalServerError, "", err.Error())
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	status := map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "message": message, "code": code}
	if reason != "" {
		status["reason"] = reason
	}
	_ = json.NewEncoder(w).Encode(status)
}

// podObject is a running pod whose containers are the scripts, so that any script may be named with -c.
func podObject(namespace, name string) map[string]any {
	containers, statuses := []any{}, []any{}
	for _, script := range scriptNames() {
		containers = append(containers, map[string]any{"name": script, "image": "scripted"})
		statuses = append(statuses, map[string]any{
			"name": script, "ready": true, "started": true, "restartCount": 0, "image": "scripted", "imageID": "", "containerID": "peer://" + script,
			"state": map[string]any{"running": map[string]any{"startedAt": "2026-01-01T00:00:00Z"}},
		})
	}
	phase := "Running"
	if strings.HasPrefix(name, "done") {
		phase = "Succeeded"
	}
	return map[string]any{
		"kind": "Pod", "apiVersion": "v1",
		"metadata": map[string]any{"name": name, "namespace": namespace, "uid": "00000000-0000-4000-8000-000000000001", "resourceVersion": "1", "annotations": map[string]any{"kubectl.kubernetes.io/default-container": "echo"}},
		"spec":     map[string]any{"nodeName": "peer", "containers": containers, "restartPolicy": "Always"},
		"status": map[string]any{
			"phase": phase, "podIP": "127.0.0.1", "containerStatuses": statuses,
			"conditions": []any{map[string]any{"type": "Ready", "status": "True"}},
		},
	}
}
