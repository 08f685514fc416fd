package gotool

import (
	"regexp"
	"slices"
)

// releases are the Go releases that gosplice knows, by language version. What differs
// between them lives with the code that needs it; this is the only list of names.
var releases = []string{"go1.26"}

// Releases are the Go releases whose programs can be patched, by language version.
func Releases() []string { return slices.Clone(releases) }

// releaseVersion splits the version of a published release: go1.26, go1.26.8.
var releaseVersion = regexp.MustCompile(`^(go1\.\d+)(?:\.\d+)?$`)

// experiments is what the toolchain appends to its version when GOEXPERIMENT was set.
var experiments = regexp.MustCompile(`[- ]X:.*$`)

// plainVersion is a toolchain version without its experiments.
func plainVersion(version string) string {
	return experiments.ReplaceAllString(version, "")
}

// supported reports whether version is a release that gosplice knows.
func supported(version string) bool {
	m := releaseVersion.FindStringSubmatch(version)
	return m != nil && slices.Contains(releases, m[1])
}
