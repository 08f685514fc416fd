package testprogram

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// WriteProxy lays the files "proxy/MODULE@VERSION/FILE" out as the go command downloads modules.
func WriteProxy(t testing.TB, dir string, a *txtar.Archive) {
	t.Helper()
	t.Helper()
	modules := map[string]*bytes.Buffer{} // by MODULE@VERSION
	requirements := map[string][]byte{}
	writers := map[string]*zip.Writer{}
	for _, f := range a.Files {
		name, ok := strings.CutPrefix(f.Name, "proxy/")
		if !ok {
			continue
		}
		at := strings.IndexByte(name, '@')
		module := name[:at+strings.IndexByte(name[at:], '/')]
		if name == module+"/go.mod" {
			requirements[module] = f.Data
		}
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
		if requirements[module] == nil { // from before modules
			requirements[module] = []byte("module " + path + "\n")
		}
		base := filepath.Join(dir, path, "@v", version)
		if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
			t.Fatal(err)
		}
		for ending, b := range map[string][]byte{
			".zip": content.Bytes(), ".mod": requirements[module], ".info": fmt.Appendf(nil, `{"Version":%q}`, version),
		} {
			if err := os.WriteFile(base+ending, b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}
