//go:build tools

// Package tools keeps `go mod tidy` from dropping what the fixture builds.
package tools

import _ "go.etcd.io/etcd/server/v3"
