package pipeline

import (
	"errors"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// compiledTwice are two builds of three packages: dep in the module cache, mid that imports it, and apart.
func compiledTwice() (first, second *built) {
	build := func() *built {
		return &built{added: &edit.Additions{Files: map[string][]byte{}}, packages: []gotool.Package{
			{ImportPath: "dep", Dir: "/cache/dep@v1.1.0", BuildID: "a/dep", GoFiles: []string{"dep.go"}, Module: &gotool.Module{Path: "dep", Version: "v1.1.0"}},
			{ImportPath: "apart", Dir: "/app/apart", BuildID: "a/apart", GoFiles: []string{"apart.go"}},
			{ImportPath: "mid", Dir: "/app/mid", BuildID: "a/mid", GoFiles: []string{"mid.go"}, Imports: []string{"dep"}},
		}}
	}
	return build(), build()
}

func TestSameBuild(t *testing.T) {
	for what, test := range map[string]struct {
		change func(first, second *built)
		same   bool
	}{
		"nothing":           {func(_, _ *built) {}, true},
		"a package is gone": {func(_, b *built) { b.packages = b.packages[1:] }, false},
		"another directory": {func(_, b *built) { b.packages[0].Dir = "/copies/dep" }, false},
		"another version":   {func(_, b *built) { b.packages[0].Module.Version = "v1.0.0" }, false},
		"another file":      {func(_, b *built) { b.packages[0].GoFiles = []string{"other.go"} }, false},
		"another result":    {func(_, b *built) { b.packages[1].BuildID = "a/other" }, false},
		"another action":    {func(_, b *built) { b.packages[1].BuildID = "b/apart" }, true},
		"added to it": {func(_, b *built) {
			b.added.Files["/cache/dep@v1.1.0/dep.go"] = []byte("package dep")
			b.packages[0].BuildID, b.packages[2].BuildID = "b/dep2", "b/mid2"
		}, true},
		"added to another": {func(_, b *built) {
			b.added.Files["/app/apart/apart.go"] = []byte("package apart")
			b.packages[0].BuildID = "b/dep2"
		}, false},
		"taken from elsewhere": {func(_, b *built) {
			b.outside = []*gotool.Module{{Path: "dep", Dir: "/cache/dep@v1.1.0"}}
			b.packages[0].BuildID = "b/dep2"
		}, true},
	} {
		first, second := compiledTwice()
		test.change(first, second)
		err := sameBuild(first, second)
		if (err == nil) != test.same || err != nil && !errors.Is(err, ErrChanging) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is added to a file that is compiled from another place is an error, and not left out.
func TestAllCompiled(t *testing.T) {
	first, second := compiledTwice()
	additions := &edit.Additions{Files: map[string][]byte{"/cache/dep@v1.1.0/dep.go": []byte("package dep"), "/app/apart/windows.go": []byte("package apart")}}
	if err := allCompiled(additions, first.packages, second.packages); err != nil {
		t.Error(err)
	}
	second.packages[0].Dir = "/copies/dep"
	if err := allCompiled(additions, first.packages, second.packages); err == nil || !strings.Contains(err.Error(), "/cache/dep@v1.1.0/dep.go") {
		t.Errorf("got %v", err)
	}
}

func TestOutsideGivesBack(t *testing.T) {
	m := &gotool.Module{Path: "dep", Version: "v1.1.0", Dir: "/cache/dep@v1.1.0"}
	o := &outside{modules: []*gotool.Module{m}, dirs: map[string]string{m.Dir: "/links/dep"}}
	if got := o.place("/cache/dep@v1.1.0/sub/a.go"); got != "/links/dep/sub/a.go" {
		t.Errorf("a file is at %s", got)
	}
	packages := []gotool.Package{{ImportPath: "dep/sub", Dir: "/links/dep/sub", Module: &gotool.Module{Path: "dep"}}, {ImportPath: "app", Dir: "/app"}}
	o.giveBack(packages)
	if packages[0].Dir != "/cache/dep@v1.1.0/sub" || packages[0].Module != m || packages[1].Dir != "/app" {
		t.Errorf("packages are %+v", packages)
	}
}
