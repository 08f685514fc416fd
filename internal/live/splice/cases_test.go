package splice

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestCases runs every case of testdata/cases, each in a process of its own.
func TestCases(t *testing.T) { testCases(t, func(string) bool { return true }, "-tags=splicefaults") }

// TestCasesPIE runs them in a position-independent program.
func TestCasesPIE(t *testing.T) {
	if testing.Short() {
		t.Skip("TestCases does the same in a program at a fixed address")
	}
	testCases(t, func(string) bool { return true }, "-tags=splicefaults", "-buildmode=pie")
}

// TestCasesForeign runs those that concern frames in a program with calls from C.
func TestCasesForeign(t *testing.T) {
	haveCgo(t)
	testCases(t, func(name string) bool { return strings.HasPrefix(name, "scan") || name == "arm" }, "-tags=splicefaults,foreign")
}

func testCases(t *testing.T, wanted func(name string) bool, flags ...string) {
	program := buildFixture(t, "cases", flags...)
	names, _, err := run(t, time.Minute, program, "list")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(names)) {
		if !wanted(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, 2*time.Minute, program, name)
			if err != nil {
				t.Fatalf("%v\n%s", err, firstLines(errOut))
			}
			if why, ok := bytes.CutPrefix(out, []byte("skip: ")); ok {
				t.Skipf("%s", why)
			}
		})
	}
}
