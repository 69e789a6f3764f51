//go:build tools

// Package tools keeps `go mod tidy` from dropping what the fixture builds.
package tools

import _ "github.com/derailed/k9s"
