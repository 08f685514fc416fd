package link

import (
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// Another version of a dependency is initialised otherwise than the one that an earlier patch brought; people's own
// packages have initialisers of what they gain.
func TestInitValues(t *testing.T) {
	value := func(m *gotool.Module, standard bool) string {
		l := linker{edit: &edit.Edit{
			Packages: map[string]*gotool.Package{"x": {ImportPath: "x", Module: m, Standard: standard}},
			Sources:  map[string]edit.Pair{"x": {New: &edit.Source{}}},
		}}
		return l.initValue("x")
	}
	older := value(&gotool.Module{Path: "m", Version: "v1.0.0", Dir: "/cache"}, false)
	newer := value(&gotool.Module{Path: "m", Version: "v1.1.0", Dir: "/cache"}, false)
	if older == newer {
		t.Errorf("both versions are initialised by %q", older)
	}
	if own := value(&gotool.Module{Path: "m", Main: true}, false); own != "" {
		t.Errorf("an own package without init functions is initialised by %q", own)
	}
	if std := value(nil, true); std != "" {
		t.Errorf("a standard package without init functions is initialised by %q", std)
	}
}
