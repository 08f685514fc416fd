package chainfile

import (
	"fmt"
	"slices"
	"strings"
)

// Misfit says why a plugin can't be loaded into a host.
type Misfit struct {
	Reason  string // one of the Reason constants
	Message string
	Detail  string // further lines, or empty
}

func (m *Misfit) Error() string { return m.Message }

// Reasons of misfits.
const (
	ReasonToolchain = "toolchain"      // another Go release, platform or flags
	ReasonShared    = "shared-package" // a shared package has other sources
)

// Loaded is what is in a process: the host's packages, and those that plugins brought along.
type Loaded struct {
	Host *Host
	// Exports are Go's own hashes of the packages in the host, by import path.
	Exports map[string]string
	// Brought are the packages that were not in the host, with the version that brought each.
	Brought map[string]Brought
}

// Brought is a package that came with a plugin and is shared from then on.
type Brought struct {
	Package
	By     string // chain and version
	Plugin string // identity
	// Initialised says that its initialisers came to their end. Go ends the process when it finds
	// them half done.
	Initialised bool
}

// Fits returns a *Misfit when the plugin can't be loaded, with the first thing to mend.
func (l *Loaded) Fits(m *Manifest) error {
	if err := l.Host.Toolchain.fits(&m.Toolchain); err != nil {
		return err
	}
	inHost := make(map[string]Package, len(l.Host.Packages))
	for _, p := range l.Host.Packages {
		inHost[p.Path] = p
	}
	// Sources first: what a changed package does to those that import it is no news.
	for _, differs := range []func(*Loaded, Package, Package) string{(*Loaded).otherSources, (*Loaded).otherObjects} {
		var changed []string
		for _, p := range m.Shared {
			if why := differs(l, p, inHost[p.Path]); why != "" {
				changed = append(changed, "package "+p.Path+" "+why)
			}
		}
		if changed != nil {
			more := ""
			if len(changed) > 1 {
				more = fmt.Sprintf(" (and %d more)", len(changed)-1)
			}
			return &Misfit{ReasonShared, changed[0] + more + ": declare it as logic (--logic), undo the change, or build the host again and restart it", strings.Join(changed, "\n")}
		}
	}
	return nil
}

// otherSources says that a package of a plugin was made from other files than the host's. Host is
// the zero value when the host does not have it.
func (l *Loaded) otherSources(p, host Package) string {
	if host.Path != "" && host.Sources != p.Sources {
		return "is shared, and is not what the host was built from"
	}
	return ""
}

// otherObjects says that a package of a plugin differs otherwise from the one in the process; empty means
// not at all, or that it is not there.
func (l *Loaded) otherObjects(p, host Package) string {
	linked := host.Path != ""
	export, known := l.Exports[p.Path]
	brought, came := l.Brought[p.Path]
	switch {
	case known && export != p.Export:
		return "is shared, and was compiled otherwise in the host"
	case !known && linked:
		return "is shared, but the host has no symbols for plugins of it"
	case !known && came && !brought.Initialised:
		return "came into the process with " + brought.By + ", whose initialisers have not come to their end"
	case !known && came && (brought.Sources != p.Sources || brought.Export != p.Export):
		return "is not the one that came into the process with " + brought.By
	}
	return ""
}

func (host *Toolchain) fits(plugin *Toolchain) error {
	differ := func(what, is, want string) error {
		return &Misfit{Reason: ReasonToolchain, Message: fmt.Sprintf("it was built with %s %s, and the host with %s: build it with what built the host", what, orNone(is), orNone(want))}
	}
	switch {
	case host.Go != plugin.Go:
		return differ("Go release", plugin.Go, host.Go)
	case host.OS != plugin.OS || host.Arch != plugin.Arch:
		return differ("platform", plugin.OS+"/"+plugin.Arch, host.OS+"/"+host.Arch)
	case !slices.Equal(host.Flags, plugin.Flags):
		return differ("flags", strings.Join(plugin.Flags, " "), strings.Join(host.Flags, " "))
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
