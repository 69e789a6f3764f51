package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
)

var lastUpload atomic.Value

// logScripts write a container's log file as a CRI runtime would, or as one that has gone wrong.
var logScripts = map[string]func(w io.Writer){
	"plain": func(w io.Writer) {
		for i := 0; i < 1000; i++ {
			record(w, i, "stdout", "F", fmt.Sprintf("line %d", i))
		}
	},
	// A stderr line behind a partial stdout chunk loses its timestamp: the reader shares one flag for both.
	"partial": func(w io.Writer) {
		record(w, 0, "stdout", "P", "begin ")
		record(w, 1, "stderr", "F", "an error between")
		record(w, 2, "stdout", "P", "middle ")
		record(w, 3, "stdout", "F", "end")
		record(w, 4, "stdout", "F", "whole")
	},
	// Many lines share one instant, and two of them are equal.
	"same-instant": func(w io.Writer) {
		for i := 0; i < 200; i++ {
			record(w, 0, "stdout", "F", fmt.Sprintf("line %d", i/2))
		}
	},
	// One line of 100 MB, in chunks of 16 KiB as runtimes write them.
	"long-line": func(w io.Writer) {
		chunk := strings.Repeat("x", 16<<10)
		for i := 0; i < 6400; i++ {
			record(w, 0, "stdout", "P", chunk)
		}
		record(w, 0, "stdout", "F", "end")
	},
	// Time that goes back an hour, and lines that look like timestamps.
	"odd-times": func(w io.Writer) {
		record(w, 3600, "stdout", "F", "later")
		record(w, 0, "stdout", "F", "earlier")
		record(w, 1, "stdout", "F", "2026-01-01T00:00:00.000000000Z not a timestamp of ours")
		record(w, 2, "stdout", "F", "")
	},
	"all-bytes": func(w io.Writer) {
		all := make([]byte, 0, 256)
		for i := 0; i < 256; i++ {
			if byte(i) != '\n' {
				all = append(all, byte(i))
			}
		}
		record(w, 0, "stdout", "F", string(all))
	},
}

func record(w io.Writer, second int, stream, tag, text string) {
	at := time.Date(2026, 1, 1, 0, 0, second, 123456789, time.UTC)
	_, _ = fmt.Fprintf(w, "%s %s %s %s\n", at.Format(time.RFC3339Nano), stream, tag, text)
}

// serveLogs reads the file with the kubelet's own reader (k8s.io/cri-client/pkg/logs), with the kubelet's own options.
func (k *kubeletServer) serveLogs(w http.ResponseWriter, r *http.Request) {
	container := r.PathValue("container")
	if container == "fsnotify" {
		// Arrives inside the body, with status 200, when a node is out of inotify instances.
		_, _ = io.WriteString(w, "failed to create fsnotify watcher: too many open files")
		return
	}
	script, ok := logScripts[container]
	if !ok {
		http.Error(w, "no log script named "+container, http.StatusNotFound)
		return
	}
	path := filepath.Join(k.logs, container+".log")
	if _, err := os.Stat(path); err != nil {
		file, err := os.Create(path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		script(file)
		_ = file.Close()
	}
	options := logOptions(r)
	out := flushing{w}
	_ = logs.ReadLogs(r.Context(), path, container, options, runningContainers{}, out, out)
}

// logOptions reads the parameters as the kubelet does (k8s.io/kubernetes/pkg/kubelet/kuberuntime/logs).
func logOptions(r *http.Request) *logs.LogOptions {
	query := r.URL.Query()
	options := &logs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	if n, err := strconv.ParseInt(query.Get("tailLines"), 10, 64); err == nil {
		options.TailLines = &n
	}
	if n, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		options.LimitBytes = &n
	}
	if n, err := strconv.ParseInt(query.Get("sinceSeconds"), 10, 64); err == nil {
		options.Since = time.Now().Add(-time.Duration(n) * time.Second)
	}
	if at, err := time.Parse(time.RFC3339, query.Get("sinceTime")); err == nil {
		options.Since = at
	}
	return options
}

type flushing struct{ http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if flusher, ok := f.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	return n, err
}

// runningContainers says of every container that it runs; a follow then waits for more.
type runningContainers struct{ internalapi.RuntimeService }

func (runningContainers) ContainerStatus(_ context.Context, id string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{Id: id, State: runtimeapi.ContainerState_CONTAINER_RUNNING}}, nil
}
