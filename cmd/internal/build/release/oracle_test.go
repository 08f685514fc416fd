package release_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// The oracle is Go's own linker, built with one more function: it writes down where it put every
// symbol. It shares no code with this package.

const (
	linkerVariable = "GOSPLICE_LINKER"      // the linker to use in place of the installed one
	dumpVariable   = "GOSPLICE_LINKER_DUMP" // the file that it writes
)

// TestMain lets the test stand before the tools of a build, as go build -toolexec.
func TestMain(m *testing.M) {
	if linker := os.Getenv(linkerVariable); linker != "" && len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, runTool(linker, os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runTool becomes the tool, or linker where the tool is the linker and links.
func runTool(linker string, args []string) error {
	tool := args[0]
	if filepath.Base(tool) == "link" && !strings.HasPrefix(args[len(args)-1], "-V") {
		tool = linker
	}
	return syscall.Exec(tool, args, os.Environ())
}

// buildOracle builds the linker.
func buildOracle(t *testing.T) string {
	t.Helper()
	goroot := strings.TrimSpace(testprogram.Build{}.Go(t, "env", "GOROOT"))
	internal := filepath.Join(goroot, "src", "cmd", "link", "internal")
	dir := t.TempDir()
	added, err := filepath.Abs("testdata/linker/dump.go")
	if err != nil {
		t.Fatal(err)
	}
	driver := filepath.Join(internal, "ld", "main.go")
	replace := map[string]string{
		filepath.Join(internal, "loader", "dump.go"): added,
		driver: callDump(t, driver, dir),
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, overlay, 0o666); err != nil {
		t.Fatal(err)
	}
	return testprogram.Build{Args: []string{"-overlay", name}, Package: "cmd/link"}.Program(t)
}

// callDump writes the linker's driver with a call of DumpAddresses when everything has its place.
func callDump(t *testing.T, driver, dir string) string {
	t.Helper()
	source, err := os.ReadFile(driver)
	if err != nil {
		t.Skipf("the sources of the linker are not installed: %v", err)
	}
	const before = `	bench.Start("Asmb2")` + "\n"
	if bytes.Count(source, []byte(before)) != 1 {
		t.Fatalf("%s: this linker has another driver", driver)
	}
	source = bytes.Replace(source, []byte(before), []byte("\tctxt.loader.DumpAddresses()\n"+before), 1)
	name := filepath.Join(dir, "main.go")
	if err := os.WriteFile(name, source, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// place is a symbol by its object and its number there: objects are counted within their package.
type place struct {
	pkg           string
	object, index int
}

// linked is where the linker put a symbol.
type linked struct {
	name string
	abi  uint16
	addr uint64
	size int64
}

// truth is what the oracle says of one program.
type truth struct {
	at     map[place]linked
	byName map[goobj.Name]linked
	named  map[goobj.Name]map[uint64]bool // all addresses of a name; that of ABIStatic is of symbols that are local to objects
}

// buildWithOracle builds a program with the oracle. The result has to equal the plain build.
func buildWithOracle(t *testing.T, oracle string, b testprogram.Build) (binary string, truths truth) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "addresses")
	watched := b
	watched.Args = append([]string{"-toolexec", self}, b.Args...)
	watched.Env = append([]string{linkerVariable + "=" + oracle, dumpVariable + "=" + dump}, b.Env...)
	binary = b.Program(t)
	if cmp, err := exec.Command("cmp", binary, watched.Program(t)).CombinedOutput(); err != nil {
		t.Fatalf("the oracle linked another program: %v %s", err, cmp)
	}
	return binary, readTruth(t, dump)
}

func readTruth(t *testing.T, dump string) truth {
	t.Helper()
	f, err := os.Open(dump)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := truth{map[place]linked{}, map[goobj.Name]linked{}, map[goobj.Name]map[uint64]bool{}}
	objects := map[string]int{}
	var at place
	for in := bufio.NewScanner(f); in.Scan(); {
		if pkg, ok := strings.CutPrefix(in.Text(), "object "); ok {
			at = place{pkg: pkg, object: objects[pkg]}
			objects[pkg]++
			continue
		}
		var l linked
		if at.index, l, err = parseLinked(in.Text()); err != nil {
			t.Fatalf("%s: %q: %v", dump, in.Text(), err)
		}
		out.at[at] = l
		n := goobj.Name{Name: l.name, ABI: l.abi}
		if l.abi <= goobj.ABIInternal {
			out.byName[n] = l
		} else {
			n.ABI = goobj.ABIStatic // the linker numbers the objects
		}
		if out.named[n] == nil {
			out.named[n] = map[uint64]bool{}
		}
		out.named[n][l.addr] = true
	}
	return out
}

func parseLinked(line string) (index int, l linked, err error) {
	fields := strings.SplitN(line, " ", 5)
	if len(fields) != 5 {
		return 0, l, fmt.Errorf("%d fields", len(fields))
	}
	if index, err = strconv.Atoi(fields[0]); err != nil {
		return 0, l, err
	}
	if l.addr, err = strconv.ParseUint(fields[1], 0, 64); err != nil {
		return 0, l, err
	}
	if l.size, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return 0, l, err
	}
	version, err := strconv.ParseUint(fields[3], 10, 16)
	l.abi, l.name = uint16(version), fields[4]
	return index, l, err
}
