package corpus

import (
	"os"
	"os/exec"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestLinked edits a program whose linker was told values of variables.
func TestLinked(t *testing.T) {
	s, err := scenario.Read("testdata/linked/values.txtar")
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"-ldflags=-X main.version=1.2 -X=scenario/lib.Used=1.2 -X 'scenario/lib.Commit=two words' -X main.built=today -X scenario/more.Where=new -X main.computed=never"}
	newRun(t, s, buildWith(t, s, os.Environ(), flags), dimensions[0]).script()
}

// TestLinkedC edits programs with C code that nothing used, for Go's linker and the system's.
func TestLinkedC(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip(err)
	}
	for file, flag := range map[string]string{"c-code": "-ldflags=-linkmode=internal", "c-code-external": "-ldflags=-linkmode=external"} {
		t.Run(file, func(t *testing.T) {
			s, err := scenario.Read("testdata/linked/" + file + ".txtar")
			if err != nil {
				t.Fatal(err)
			}
			skipElsewhere(t, s)
			newRun(t, s, buildWith(t, s, append(os.Environ(), "CGO_ENABLED=1"), []string{flag}), dimensions[0]).script()
		})
	}
}

// TestLinkedStatic edits a program without C code.
func TestLinkedStatic(t *testing.T) {
	s, err := scenario.Read("testdata/linked/static.txtar")
	if err != nil {
		t.Fatal(err)
	}
	newRun(t, s, buildWith(t, s, append(testprogram.Environ(), "CGO_ENABLED=0"), nil), dimensions[0]).script()
}
