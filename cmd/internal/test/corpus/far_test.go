package corpus

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// notFar are scenarios that end otherwise: one measures jumps of one instruction, and one edits a function that far/frame is
// about.
var notFar = []string{"A32-revert-edit", "W11-iota-shift"}

// TestFar edits programs of arm64 as if they were larger than a jump leads: images are loaded hundreds of megabytes away, what they
// call they call through veneers, and the program enters them by jumps of two instructions. GOSPLICE_FAR=all runs all
// scenarios so.
func TestFar(t *testing.T) {
	testprogram.Emulator(t, "arm64")
	names := []string{"A01-body-string", "A05-iface-held", "A21-stack-grow", "far/storm", "far/frame"}
	if os.Getenv("GOSPLICE_FAR") == "all" {
		names = []string{"far/storm", "far/frame"}
		paths, err := filepath.Glob("testdata/*.txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if name := strings.TrimSuffix(filepath.Base(p), ".txtar"); !slices.Contains(notFar, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			editFar(t, read(t, name), pipeline.RecordOptions{Far: true})
		})
	}
}

// TestLarge edits programs of arm64 that are larger than a jump leads: by their variables, and by their code, where calls go
// through trampolines of the linker. That takes minutes, and is done with GOSPLICE_FAR=all.
func TestLarge(t *testing.T) {
	testprogram.Emulator(t, "arm64")
	t.Run("data", func(t *testing.T) {
		t.Parallel()
		s := read(t, "A05-iface-held")
		s.Program["room.go"] = []byte("package main\n\nimport \"os\"\n\nvar room [140 << 20]byte\n\nfunc init() { room[len(os.Args)] = 1 }\n")
		editFar(t, s, pipeline.RecordOptions{})
	})
	t.Run("code", func(t *testing.T) {
		if os.Getenv("GOSPLICE_FAR") != "all" {
			t.Skip("it takes minutes under an emulator: set GOSPLICE_FAR=all")
		}
		t.Parallel()
		s := read(t, "far/storm")
		s.Program["room.go"] = []byte("package main\n\nimport (\n\t\"os\"\n\n\t\"scenario/room\"\n)\n\nfunc init() {\n\tif len(os.Args) == 0 {\n\t\troom.Cross()\n\t}\n}\n")
		s.Program["room/room.go"] = []byte("package room\n\nfunc Cross()\n")
		s.Program["room/room_arm64.s"] = []byte(nops(130 << 20))
		editFar(t, s, pipeline.RecordOptions{})
	})
}

// nops is assembly of a function Cross of a number of bytes, in few lines.
func nops(size int) string {
	const (
		step    = "PCALIGN $2048; NOOP;"
		sixteen = 16
	)
	var b strings.Builder
	b.WriteString("#define A " + step + "\n")
	for i, name := range []string{"B", "C", "D"} {
		b.WriteString("#define " + name + strings.Repeat(" "+string(rune('A'+i)), sixteen) + "\n")
	}
	b.WriteString("TEXT ·Cross(SB), 4, $0-0\n")
	b.WriteString(strings.Repeat("\tD\n", size/(2048*sixteen*sixteen*sixteen)+1))
	b.WriteString("\tRET\n")
	return b.String()
}

func read(t *testing.T, name string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Read(filepath.Join("testdata", filepath.FromSlash(name)+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// editFar runs a scenario on arm64.
func editFar(t *testing.T, s *scenario.Scenario, o pipeline.RecordOptions) {
	t.Helper()
	if s.Processor != "" && s.Processor != "arm64" {
		t.Skipf("it is about code of %s", s.Processor)
	}
	b, err := compileWith(t, s, append(os.Environ(), testprogram.Cross("arm64")...), nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Binary, o.Dir = b.binary, b.dir
	if _, err := pipeline.MakeRecord(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	newRun(t, s, b, dimensions[0]).script()
}
