package gotool

import (
	"context"
	"encoding/json"
	"fmt"
)

// Toolchain says where the go command that will be used has its root, and its version. One
// that is not the program's is an error.
func (b *Build) Toolchain(ctx context.Context) (goroot, version string, err error) {
	out, err := b.output(ctx, "env", "-json", "GOROOT", "GOVERSION", "GOEXPERIMENT")
	if err != nil {
		return "", "", err
	}
	var env struct{ GOROOT, GOVERSION, GOEXPERIMENT string }
	if err := json.Unmarshal([]byte(out), &env); err != nil {
		return "", "", fmt.Errorf("go env: %w", err)
	}
	version = plainVersion(env.GOVERSION)
	if b.GoVersion != "" && version != b.GoVersion {
		return "", "", &ToolchainError{"go command", version, b.GoVersion, "run again with GOTOOLCHAIN=" + b.GoVersion}
	}
	if want := b.Settings["GOEXPERIMENT"]; b.Settings != nil && env.GOEXPERIMENT != want {
		return "", "", &ToolchainError{"GOEXPERIMENT", env.GOEXPERIMENT, want, "run go env -u GOEXPERIMENT"}
	}
	return env.GOROOT, version, nil
}
