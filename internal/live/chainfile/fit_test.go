package chainfile

import (
	"errors"
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Manifest, *Loaded)
		reason string
		words  string
	}{
		{"same", func(*Manifest, *Loaded) {}, "", ""},
		{"new dependency", func(m *Manifest, _ *Loaded) {
			m.Shared = append(m.Shared, Package{Path: "ex.com/new", Sources: "1", Export: "2"})
		}, "", ""},
		{"Go release", func(m *Manifest, _ *Loaded) { m.Go = "go1.26.9" }, ReasonToolchain, "go1.26.9"},
		{"platform", func(m *Manifest, _ *Loaded) { m.Arch = "arm64" }, ReasonToolchain, "linux/arm64"},
		{"flags", func(m *Manifest, _ *Loaded) { m.Flags = nil }, ReasonToolchain, "flags (none)"},
		{"sources", func(m *Manifest, _ *Loaded) { m.Shared[0].Sources = "x" }, ReasonShared, "package ex.com/api is shared, and is not what the host was built from"},
		{"compiled otherwise", func(m *Manifest, _ *Loaded) { m.Shared[1].Export = "x" }, ReasonShared, "package fmt is shared, and was compiled otherwise"},
		{"no symbols", func(_ *Manifest, l *Loaded) { delete(l.Exports, "ex.com/api") }, ReasonShared, "no symbols"},
		{"brought", func(m *Manifest, l *Loaded) {
			m.Shared = append(m.Shared, Package{Path: "ex.com/new", Sources: "1", Export: "2"})
			l.Brought = map[string]Brought{"ex.com/new": {Package: Package{"ex.com/new", "0", "2"}, By: "game 1.0.0", Initialised: true}}
		}, ReasonShared, "came into the process with game 1.0.0"},
		{"half initialised", func(m *Manifest, l *Loaded) {
			p := Package{Path: "ex.com/new", Sources: "1", Export: "2"}
			m.Shared = append(m.Shared, p)
			l.Brought = map[string]Brought{"ex.com/new": {Package: p, By: "game 1.0.0"}}
		}, ReasonShared, "came into the process with game 1.0.0, whose initialisers have not"},
		{"brought the same", func(m *Manifest, l *Loaded) {
			p := Package{Path: "ex.com/new", Sources: "1", Export: "2"}
			m.Shared = append(m.Shared, p)
			l.Brought = map[string]Brought{"ex.com/new": {Package: p, By: "game 1.0.0", Initialised: true}}
		}, "", ""},
		{"two", func(m *Manifest, _ *Loaded) { m.Shared[0].Export, m.Shared[1].Export = "x", "x" }, ReasonShared, "(and 1 more)"},
		{"cause first", func(m *Manifest, _ *Loaded) { m.Shared[0].Sources, m.Shared[1].Export = "x", "x" }, ReasonShared, "package ex.com/api is shared, and is not what the host was built from: "},
	} {
		f, err := read(sample(t, nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		l := &Loaded{Host: &Host{Toolchain: f.Toolchain, Packages: []Package{{Path: "ex.com/api", Sources: "aa"}}},
			Exports: map[string]string{"ex.com/api": "bb", "fmt": "cc"}}
		c.change(&f.Manifest, l)
		err = l.Fits(&f.Manifest)
		var misfit *Misfit
		if c.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if !errors.As(err, &misfit) || misfit.Reason != c.reason || !strings.Contains(misfit.Message, c.words) || strings.Contains(misfit.Message, "\n") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
