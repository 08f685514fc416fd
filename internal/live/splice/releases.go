package splice

import (
	"fmt"
	"runtime"
	"strings"
)

// release is what depends on the Go release that built this program, beside what the patch file says.
type release struct {
	name string
	// mapType is the size of a map type's descriptor, in bytes, before what all types with methods have.
	mapType uint64
	// typesInOrder says that the runtime finds the types of a module that package reflect looks up by
	// walking over their descriptors, from the module's base of types on.
	typesInOrder bool
}

// releases are those whose runtime is known, oldest first.
var releases = []release{
	{name: "go1.25", mapType: 112},
	{name: "go1.26", mapType: 112},
	{name: "go1.27", mapType: 136, typesInOrder: true},
}

// releaseOf finds what is known of a published release by its version, such as "go1.26.8", which may name
// experiments: "go1.26.8 X:nodwarf5".
func releaseOf(version string) (release, bool) {
	version, _, _ = strings.Cut(version, "X:")
	version = strings.TrimRight(version, " -")
	for _, r := range releases {
		if patch, ok := strings.CutPrefix(version, r.name); ok && (patch == "" || patch[0] == '.' && strings.Trim(patch[1:], "0123456789") == "") {
			return r, true
		}
	}
	return release{}, false
}

// Supported returns an error if this program can't be patched because of what it was built with, or for.
func Supported() error {
	missing := ""
	switch _, known := releaseOf(runtime.Version()); {
	case archMissing != "":
		missing = archMissing
	case systemMissing != "":
		missing = systemMissing
	case !known:
		missing = "the runtime internals of " + runtime.Version() + "; build the program with " + knownReleases() + ", or with a gosplice that knows this release"
	}
	if missing == "" {
		return nil
	}
	return fmt.Errorf("this program can't be patched while it runs: gosplice lacks %s", missing)
}

// knownReleases lists the releases: go1.25, go1.26 or go1.27.
func knownReleases() string {
	var names []string
	for _, r := range releases {
		names = append(names, r.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
