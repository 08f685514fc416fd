package agent

import (
	"crypto/ed25519"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
)

func TestStartTwice(t *testing.T) {
	o := Options{Dir: shortDir(t)}
	if err := Start(o); err != nil {
		t.Fatal(err)
	}
	if err := Start(o); err == nil || !strings.Contains(err.Error(), "started already") || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("second Start: %v", err)
	}
	path, err := control.FindPID([]string{o.Dir}, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if hello, err := c.Hello(t.Context()); err != nil || hello.BuildID == "" {
		t.Errorf("hello %+v, %v", hello, err)
	}
	if err := Stop(); err != nil {
		t.Error(err)
	}
	if err := Stop(); err == nil {
		t.Error("second Stop succeeded")
	}
	if err := Start(o); err != nil {
		t.Errorf("Start after Stop: %v", err)
	}
	if err := Stop(); err != nil {
		t.Error(err)
	}
}

func TestStartRefusesKey(t *testing.T) {
	err := Start(Options{Dir: shortDir(t), TrustedKeys: []ed25519.PublicKey{{1, 2, 3}}})
	if err == nil || !strings.Contains(err.Error(), "3 bytes") {
		t.Errorf("err = %v", err)
	}
}

func TestBuildID(t *testing.T) {
	g, err := identify()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(g.buildID, "/") != 3 {
		t.Errorf("build ID %q", g.buildID)
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.GoVersion != runtime.Version() {
		t.Errorf("build info says %s, the runtime %s", info.GoVersion, runtime.Version())
	}
}

func TestParseMemoryMap(t *testing.T) {
	m, err := parseMemoryMap([]byte(`00400000-00402000 r-xp 00000000 fd:01 42      /bin/server
00402000-00403000 r--p 00002000 fd:01 42      /bin/server
00403000-00404000 ---p 00000000 00:00 0
00404000-00405000 rw-p 00000000 00:00 0       [heap]
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0       [stack]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr, size uint64
		exec, want bool
	}{
		{0x400000, 0x2000, true, true},
		{0x400000, 0x2001, true, false},
		{0x400000, 0x3000, false, true},
		{0x400000, 0x3001, false, false},
		{0x3fffff, 1, false, false},
		{0x402fff, 1, false, true},
		{0x404ff8, 8, false, true},
		{0x404ff9, 8, false, false},
		{1<<64 - 4, 8, false, false},
		{0x7ffc00000000, 8, false, true},
	} {
		if got := m.holds(c.addr, c.size, c.exec); got != c.want {
			t.Errorf("%d bytes at %#x, exec %v: %v", c.size, c.addr, c.exec, got)
		}
	}
	code, _ := m.find(0x402100)
	if got := m.start(code); got.lo != 0x400000 {
		t.Errorf("program starts at %#x", got.lo)
	}
	for _, text := range []string{"x", "00400000 r-xp", "zz-00 r-xp 0"} {
		if _, err := parseMemoryMap([]byte(text + "\n")); err == nil {
			t.Errorf("%q is understood", text)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	o := Options{Dir: shortDir(b)}
	for b.Loop() {
		if err := Start(o); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := Stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// TestGoVersion takes programs that were built with experiments for programs of the same release.
func TestGoVersion(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26.8": "go1.26.8", "go1.26.8-X:jsonv2,simd": "go1.26.8", "go1.26.8 X:jsonv2": "go1.26.8", "go1.26rc1": "go1.26rc1",
	} {
		if got := goVersion(version); got != want {
			t.Errorf("version %s is %s, not %s", version, got, want)
		}
	}
}
