package release

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/image"
)

func TestDev(t *testing.T) {
	dir, bin := os.Getenv("DEV_DIR"), os.Getenv("DEV_BIN")
	t0 := time.Now()
	c := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", ".")
	c.Dir = dir
	p, _ := c.StdoutPipe()
	c.Start()
	type pk struct{ ImportPath, Export string }
	var ps []pk
	d := json.NewDecoder(p)
	for {
		var x pk
		if err := d.Decode(&x); err == io.EOF {
			break
		}
		if x.Export != "" {
			ps = append(ps, x)
		}
	}
	c.Wait()
	t.Log("list", time.Since(t0), len(ps))
	t0 = time.Now()
	bn, _ := goobj.BuiltinNames("go1.26")
	s := goobj.NewSet(bn)
	for i, x := range ps {
		path := x.ImportPath
		if i == len(ps)-1 {
			path = "main"
		}
		if err := s.Load(path, x.Export); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Resolve(); err != nil {
		t.Fatal(err)
	}
	t.Log("load", time.Since(t0))
	t0 = time.Now()
	f, err := image.Open(bin, "go1.26")
	if err != nil {
		t.Fatal(err)
	}
	t.Log("image", time.Since(t0), len(f.Funcs))
	t0 = time.Now()
	h := newHarvest(s, f)
	err = h.run()
	t.Log("harvest", time.Since(t0), h.functions, h.textBytes, len(h.addr), len(h.pruned), len(h.noInit))
	if err != nil {
		foreign := newForeign(s)
		n := 0
		for i := range f.Funcs {
			g := &f.Funcs[i]
			if _, ok := h.at[g.Entry]; ok || linkerMade[g.Name] || foreign.has(g.Name, f.Bytes(g.Entry, int(g.End-g.Entry))) {
				continue
			}
			if n++; n < 40 {
				t.Logf("  %s %x-%x", g.Name, g.Entry, g.End)
			}
		}
		t.Fatal(err)
	}
	fp := goobj.NewFingerprinter(s)
	t0 = time.Now()
	for y := range h.addr {
		fp.Of(y)
	}
	t.Log("fp", time.Since(t0))
}
