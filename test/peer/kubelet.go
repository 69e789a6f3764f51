package main

import (
	"net/http"
	"net/url"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	idleTimeout     = 4 * time.Hour
	creationTimeout = 30 * time.Second
)

// kubeletServer serves the kubelet's streaming paths with the container runtime's own server code.
type kubeletServer struct {
	runtime scriptedRuntime
	logs    string
}

func (k *kubeletServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		if raw, ok := rawScripts[r.PathValue("container")]; ok {
			serveRaw(w, r, raw)
			return
		}
		options := commandOptions(r.URL.Query())
		remotecommand.ServeExec(w, r, k.runtime, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"], options, idleTimeout, creationTimeout, remotecommand.SupportedStreamingProtocols)
	})
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		if raw, ok := rawScripts[r.PathValue("container")]; ok {
			serveRaw(w, r, raw)
			return
		}
		remotecommand.ServeAttach(w, r, k.runtime, r.PathValue("pod"), "", r.PathValue("container"), commandOptions(r.URL.Query()), idleTimeout, creationTimeout, remotecommand.SupportedStreamingProtocols)
	})
	mux.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, r *http.Request) {
		creation := creationTimeout
		if r.PathValue("pod") == "impatient" {
			// Pairs that never complete are given up after a second instead of thirty.
			creation = time.Second
		}
		portforward.ServePortForward(w, r, k.runtime, r.PathValue("pod"), "", nil, idleTimeout, creation, portforward.SupportedProtocols)
	})
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLogs)
	return mux
}

func commandOptions(query url.Values) *remotecommand.Options {
	is := func(name string) bool { return query.Get(name) == "1" }
	return &remotecommand.Options{Stdin: is("input"), Stdout: is("output"), Stderr: is("error") && !is("tty"), TTY: is("tty")}
}
