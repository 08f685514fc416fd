package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// watchedModules are dependencies of a watched program. What only the command line can say of their variables: table is
// to be reset, count is called hits, and seen has nothing to do with limit, which is gone.
const watchedModules = `
-- proxy/watched.example/price@v1.0.0/go.mod --
module watched.example/price

go 1.25
-- proxy/watched.example/price@v1.0.0/price.go --
package price

//go:noinline
func Of() int { return 10 }
-- proxy/watched.example/price@v1.1.0/go.mod --
module watched.example/price

go 1.25
-- proxy/watched.example/price@v1.1.0/price.go --
package price

//go:noinline
func Of() int { return 12 }
-- proxy/watched.example/dep@v1.0.0/go.mod --
module watched.example/dep

go 1.25
-- proxy/watched.example/dep@v1.0.0/dep.go --
package dep

import (
	"fmt"
	"sync"
)

var (
	table = []string{"one"}
	count int
	limit int
	once  sync.Once
)

//go:noinline
func Say() string {
	once.Do(func() {
		table[0] += "!"
		count, limit = 7, 9
	})
	return fmt.Sprint(table[0], "-", count, "-", limit)
}
-- proxy/watched.example/dep@v1.1.0/go.mod --
module watched.example/dep

go 1.25
-- proxy/watched.example/dep@v1.1.0/dep.go --
package dep

import "fmt"

var (
	table = []string{"two"}
	hits  int
	seen  int
)

// Put writes to both, so that they are state.
//
//go:noinline
func Put(n int) { hits, seen = n, n }

//go:noinline
func Say() string {
	if hits < 0 {
		Put(0)
	}
	return fmt.Sprint(table[0], "-", hits, "-", seen)
}
`

const dependentStep = `-- step.go --
package main

import (
	"fmt"

	"watched.example/dep"
	"watched.example/price"
)

//go:noinline
func step(n int) string { return fmt.Sprint("WORD", price.Of(), "-", dep.Say()) }
`

// newDependent is a watched program with dependencies, which the go command downloads from the file system.
func newDependent(t *testing.T) *watched {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	downloaded, built := goEnv("GOMODCACHE"), goEnv("GOCACHE")
	proxy := t.TempDir()
	testprogram.WriteProxy(t, proxy, txtar.Parse([]byte(watchedModules)))
	t.Setenv("GOPROXY", "file://"+proxy+",file://"+filepath.Join(downloaded, "cache", "download"))
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOCACHE", built)
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	t.Setenv("GOSUMDB", "off")
	w := newWatched(t)
	w.save(dependentStep)
	w.takes("v1.0.0", "v1.0.0")
	return w
}

// takes gives the program versions of its dependencies, as a user does.
func (w *watched) takes(price, dep string) {
	w.t.Helper()
	testprogram.Build{Dir: w.dir}.Go(w.t, "get", "watched.example/price@"+price, "watched.example/dep@"+dep)
}

// TestWatchDependencies moves dependencies while a program is watched: without --with-deps, with it, and with one module
// named.
func TestWatchDependencies(t *testing.T) {
	w := newDependent(t)
	for _, c := range []struct {
		name, flag        string
		price, dep        string // the versions that the tree takes
		shown, then, last string
	}{
		{"without", "", "v1.1.0", "v1.0.0", `(?s)refused\S*; the program runs on as it was.*watched\.example/price\S* +v1\.0\.0 -> v1\.1\.0.*GS3018`, "WORD10-one!-7-9", ""},
		{"all", "--with-deps", "v1.1.0", "v1.0.0", `price\.Of\S* live in`, "WORD12-one!-7-9", "WORD10-one!-7-9"},
		{"one of two", "--with-deps=watched.example/price", "v1.1.0", "v1.1.0", `price\.Of\S* live in`, "WORD12-one!-7-9", "WORD10-one!-7-9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.takes("v1.0.0", "v1.0.0")
			if c.flag == "" {
				w.start(160)
			} else {
				w.start(160, c.flag)
			}
			w.expect(`takes every save`)
			pid := w.ready()
			w.answers("WORD10-one!-7-9", pid)
			w.takes(c.price, c.dep)
			w.expect(c.shown)
			w.answers(c.then, pid)
			if c.last != "" { // the way back
				w.takes("v1.0.0", "v1.0.0")
				w.expect(`live in`)
				w.answers(c.last, pid)
			}
			w.tty.WriteString("\x03")
			w.ended()
			w.gone(pid)
			w.tidy()
		})
	}
}

// TestWatchDirectives says on the command line of a watch what the next version of a dependency does to its variables.
// Saves before and after it are not disturbed by that, nor is a program that was started anew with it.
func TestWatchDirectives(t *testing.T) {
	w := newDependent(t)
	w.start(160, "--with-deps", "--reset", "watched.example/dep.table", "--renamed", "watched.example/dep.count=hits", "--fresh", "watched.example/dep.seen")
	w.expect(`takes every save`)
	pid := w.ready()
	w.answers("WORD10-one!-7-9", pid)
	w.takes("v1.0.0", "v1.1.0")
	w.expect(`dep\.Say\S*.* live in`)
	w.answers("WORD10-two-7-0", pid)
	w.takes("v1.1.0", "v1.1.0")
	w.expect(`live in`)
	w.answers("WORD12-two-7-0", pid)
	w.takes("v1.0.0", "v1.0.0")
	w.expect(`live in`)
	w.answers("WORD10-one-7-9", pid) // the reset is still asked for, and the tree has this value

	w.takes("v1.1.0", "v1.1.0")
	w.expect(`live in`)
	w.answers("WORD12-two-7-0", pid)
	os.Remove(w.addr())
	w.tty.WriteString("r\n")
	w.expect(`restarted\S* in`)
	w.gone(pid)
	w.expect(`takes every save`)
	pid = w.ready()
	w.answers("WORD12-two-0-0", pid)
	w.save("-- step.go --\npackage main\n\nimport (\n\t\"watched.example/dep\"\n\t\"watched.example/price\"\n)\n\n//go:noinline\nfunc step(n int) string {\n\tif price.Of() > 0 {\n\t\treturn \"new-\" + dep.Say()\n\t}\n\treturn \"\"\n}\n")
	w.expect(`main\.step\S* live in`)
	w.answers("new-two-0-0", pid)
	w.tty.WriteString("\x03")
	w.ended()
	w.gone(pid)
	w.tidy()
}
