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

// TestModules moves dependencies between versions that the go command downloads, from a proxy in the file
// system: sources in the module cache, sums in go.sum, and no directive that says where to look.
func TestModules(t *testing.T) {
	files, err := filepath.Glob("testdata/modules/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scenarios: ", err)
	}
	downloaded, built := goVariable(t, "GOMODCACHE"), goVariable(t, "GOCACHE")
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			proxy := t.TempDir()
			writeProxy(t, proxy, a)
			t.Setenv("GOPROXY", "file://"+proxy+",file://"+filepath.Join(downloaded, "cache", "download"))
			t.Setenv("GOMODCACHE", t.TempDir())
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			t.Setenv("GOCACHE", built)
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
		})
	}
}

func goVariable(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// forget removes a version of a module from the module cache, and the module from where it could be downloaded again.
func (r *run) forget(module string) error {
	cache := os.Getenv("GOMODCACHE")
	proxy, _, _ := strings.Cut(strings.TrimPrefix(os.Getenv("GOPROXY"), "file://"), ",")
	path, _, _ := strings.Cut(module, "@")
	for _, dir := range []string{filepath.Join(cache, module), filepath.Join(cache, "cache", "download", path), filepath.Join(proxy, path)} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// damage replaces a word in the files of a version of a module in the module cache.
func (r *run) damage(rest string) error {
	words := strings.Fields(rest)
	if len(words) != 3 {
		return fmt.Errorf("damage wants MODULE@VERSION, what is there and what is to be there")
	}
	dir := filepath.Join(os.Getenv("GOMODCACHE"), words[0])
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("there are no Go files in %s: %v", dir, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, bytes.ReplaceAll(b, []byte(words[1]), []byte(words[2])), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// writeProxy lays the files "proxy/MODULE@VERSION/FILE" out as the go command downloads modules.
func writeProxy(t *testing.T, dir string, a *txtar.Archive) {
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
