package corpus

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
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
			testprogram.WriteProxy(t, proxy, a)
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
			if s.Program[vendorFile] != nil || s.Program["go.work"] != nil {
				t.Setenv("GOFLAGS", "-modcacherw") // as the go command does it for them
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
