package corpus

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/internal/corpus/scenario"
)

// TestModules moves a dependency between versions that the go command downloads, from a proxy in the file
// system: sources in the module cache, sums in go.sum, and no directive that says where to look.
func TestModules(t *testing.T) {
	const path = "testdata/modules/versions.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	downloaded, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	built, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	proxy := t.TempDir()
	writeProxy(t, proxy, a)
	t.Setenv("GOPROXY", "file://"+proxy+",file://"+filepath.Join(strings.TrimSpace(string(downloaded)), "cache", "download"))
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOCACHE", strings.TrimSpace(string(built)))
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	t.Setenv("GOSUMDB", "off")
	s, err := scenario.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for name := range s.Program {
		if strings.HasPrefix(name, "proxy/") {
			delete(s.Program, name)
		}
	}
	newRun(t, s, build(t, s), dimensions[0]).script()
}

// writeProxy lays the files "proxy/MODULE@VERSION/FILE" out as the go command downloads modules.
func writeProxy(t *testing.T, dir string, a *txtar.Archive) {
	t.Helper()
	modules := map[string]*bytes.Buffer{} // by MODULE@VERSION
	writers := map[string]*zip.Writer{}
	for _, f := range a.Files {
		name, ok := strings.CutPrefix(f.Name, "proxy/")
		if !ok {
			continue
		}
		at := strings.IndexByte(name, '@')
		module := name[:at+strings.IndexByte(name[at:], '/')]
		if modules[module] == nil {
			modules[module] = new(bytes.Buffer)
			writers[module] = zip.NewWriter(modules[module])
		}
		w, err := writers[module].Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	for module, content := range modules {
		if err := writers[module].Close(); err != nil {
			t.Fatal(err)
		}
		path, version, _ := strings.Cut(module, "@")
		base := filepath.Join(dir, path, "@v", version)
		if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
			t.Fatal(err)
		}
		for ending, b := range map[string][]byte{
			".zip": content.Bytes(), ".mod": []byte("module " + path + "\n\ngo 1.25\n"), ".info": fmt.Appendf(nil, `{"Version":%q}`, version),
		} {
			if err := os.WriteFile(base+ending, b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}
