package pipeline

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// program is a program whose edits are timed.
type program struct {
	name string
	// lay writes the sources into dir.
	lay func(dir string) error
	// file and old are what the edit changes: old, which holds %d, is written with another number
	// each time.
	file, old string
}

var programs = []program{
	{"arena", layArena, "game/room.go", "p.energy++"},
	{"large", layLarge, "app/app.go", `"app ", 1`},
}

func layArena(dir string) error {
	repository, err := filepath.Abs("../../../..")
	if err != nil {
		return err
	}
	return edits.Copy(dir, repository)
}

// layLarge writes a program that links a web server of some hundred packages. Its module is taken
// from GOSPLICE_LARGE, a directory with a main package and app/app.go.
func layLarge(dir string) error {
	from := os.Getenv("GOSPLICE_LARGE")
	if from == "" {
		return errSkip
	}
	return os.CopyFS(dir, os.DirFS(from))
}

var errSkip = fmt.Errorf("set GOSPLICE_LARGE to a module with a main package and app/app.go")

// BenchmarkEdit times what happens between save and live, and the same edit by go build. Metrics
// are milliseconds; edit/build is their ratio in the same run.
func BenchmarkEdit(b *testing.B) {
	for _, p := range programs {
		b.Run(p.name, func(b *testing.B) { benchEdit(b, p) })
	}
}

// layAndBuild writes and builds a program.
func layAndBuild(b *testing.B, p program) (dir, binary string) {
	b.Helper()
	dir = filepath.Join(b.TempDir(), "src")
	if err := p.lay(dir); err == errSkip {
		b.Skip(err)
	} else if err != nil {
		b.Fatal(err)
	}
	binary = filepath.Join(b.TempDir(), p.name)
	goBuild(b, dir, binary)
	return dir, binary
}

func benchEdit(b *testing.B, p program) {
	ctx := context.Background()
	dir, binary := layAndBuild(b, p)
	if _, err := MakeRecord(ctx, RecordOptions{Binary: binary, Dir: dir}); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if _, err := MakeRecord(ctx, RecordOptions{Binary: binary, Dir: dir}); err != nil {
		b.Fatal(err)
	}
	record := time.Since(start)
	var planned, patched, built time.Duration
	size := 0
	for i := 0; b.Loop(); i++ {
		touch(b, filepath.Join(dir, p.file), p.old, i)
		t := time.Now()
		plan, err := MakePlan(ctx, PlanOptions{Record: binary + ".gsr", Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		planned += time.Since(t)
		t = time.Now()
		out, err := plan.Patch(ctx, "")
		if err != nil {
			b.Fatal(err)
		}
		file, err := patch.Encode(out, nil)
		if err != nil {
			b.Fatal(err)
		}
		patched += time.Since(t)
		plan.Close()
		size = len(file)
		t = time.Now()
		goBuild(b, dir, binary+".new")
		built += time.Since(t)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(float64(record.Milliseconds()), "record-ms")
	b.ReportMetric(ms(planned), "plan-ms")
	b.ReportMetric(ms(patched), "patch-ms")
	b.ReportMetric(ms(built), "gobuild-ms")
	b.ReportMetric(float64(planned+patched)/float64(built), "edit/build")
	b.ReportMetric(float64(size)/1024, "patch-kB")
	b.ReportMetric(0, "ns/op")
}

// touch makes edit i.
func touch(b *testing.B, file, old string, i int) {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	kept := file + ".kept"
	if _, err := os.Stat(kept); err != nil {
		if err := os.WriteFile(kept, text, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	if text, err = os.ReadFile(kept); err != nil {
		b.Fatal(err)
	}
	changed := strings.Replace(string(text), old, edited(old, i), 1)
	if changed == string(text) {
		b.Fatalf("%s does not hold %q", file, old)
	}
	if err := os.WriteFile(file, []byte(changed), 0o666); err != nil {
		b.Fatal(err)
	}
}

func edited(old string, i int) string {
	if strings.HasSuffix(old, "++") {
		return fmt.Sprintf("%s += %d", strings.TrimSuffix(old, "++"), i+int(time.Now().UnixNano()%1e6))
	}
	return fmt.Sprintf("%s, %d", old, i+int(time.Now().UnixNano()%1e6))
}

func goBuild(b *testing.B, dir, out string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-o", out, ".")
	cmd.Dir = dir
	if msg, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, msg)
	}
}
