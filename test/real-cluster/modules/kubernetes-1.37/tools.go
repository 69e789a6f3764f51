//go:build tools

// Package tools keeps `go mod tidy` from dropping what the fixture builds.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
