//go:build tools

// Package tools keeps `go mod tidy` from dropping what the benchmarks build.
package tools

import _ "github.com/stern/stern"
