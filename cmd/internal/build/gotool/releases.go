package gotool

import (
	goversion "go/version"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
)

// Releases are the Go releases whose programs can be patched, by language version.
func Releases() []string { return gorelease.Names() }

// experiments is what the toolchain appends to its version when GOEXPERIMENT was set.
var experiments = regexp.MustCompile(`[- ]X:.*$`)

// plainVersion is a toolchain version without its experiments.
func plainVersion(version string) string {
	return experiments.ReplaceAllString(version, "")
}

// supported reports the version of a release that gosplice knows: go1.26.8, and no beta.
func supported(version string) bool {
	_, err := gorelease.Of(version)
	return err == nil
}

// foreignExperiment is the experiment, of those that a program of a release was built with, that changes the
// runtime in a way that gosplice does not know; "" if there is none.
func foreignExperiment(version, experiments string) string {
	r, err := gorelease.Of(version)
	if err != nil {
		return ""
	}
	for x := range strings.SplitSeq(experiments, ",") {
		if slices.Contains(r.Foreign, x) {
			return x
		}
	}
	return ""
}

// language is the language version of a release: go1.28 for go1.28.1.
func language(version string) string {
	if v := goversion.Lang(version); v != "" {
		return v
	}
	return version
}
