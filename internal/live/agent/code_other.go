//go:build !amd64 && !arm64

package agent

import "github.com/gosplice/gosplice/internal/wire/coderef"

// callCode is not used: Start refuses these processors.
var callCode coderef.Arch
