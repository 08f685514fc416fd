package gotool

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHostileSections reads programs with sections that would take far more memory than their files: one that claims to be
// compressed, and many that are the same bytes.
func TestHostileSections(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	good, err := os.ReadFile(goBuild(t, writeFiles(t, plainModule), nil))
	if err != nil {
		t.Fatal(err)
	}
	const headerSize, typeAt, flagsAt, offsetAt, sizeAt = 64, 4, 8, 24, 32
	headers := binary.LittleEndian.Uint64(good[40:])
	count := int(binary.LittleEndian.Uint16(good[60:]))
	for name, spoil := range map[string]func(file []byte) []byte{
		"compressed": func(file []byte) []byte {
			at := len(file)
			file = append(file, make([]byte, 64)...)
			binary.LittleEndian.PutUint32(file[at:], uint32(elf.COMPRESS_ZLIB))
			binary.LittleEndian.PutUint64(file[at+8:], 1<<40) // bytes of content
			one := count - 1
			if one == int(binary.LittleEndian.Uint16(file[62:])) { // it has the names of all
				one--
			}
			last := file[headers+uint64(one)*headerSize:]
			binary.LittleEndian.PutUint32(last[typeAt:], uint32(elf.SHT_PROGBITS))
			binary.LittleEndian.PutUint64(last[flagsAt:], uint64(elf.SHF_COMPRESSED))
			binary.LittleEndian.PutUint64(last[offsetAt:], uint64(at))
			binary.LittleEndian.PutUint64(last[sizeAt:], 64)
			return file
		},
		"the same bytes": func(file []byte) []byte {
			at := (len(file) + 7) &^ 7
			file = append(file, make([]byte, at-len(file))...)
			file = append(file, file[headers:headers+uint64(count)*headerSize]...)
			const more = 1000
			for range more {
				h := make([]byte, headerSize)
				binary.LittleEndian.PutUint32(h[typeAt:], uint32(elf.SHT_PROGBITS))
				binary.LittleEndian.PutUint64(h[flagsAt:], uint64(elf.SHF_ALLOC))
				binary.LittleEndian.PutUint64(h[sizeAt:], uint64(len(good)))
				file = append(file, h...)
			}
			binary.LittleEndian.PutUint64(file[40:], uint64(at))
			binary.LittleEndian.PutUint16(file[60:], uint16(count+more))
			return file
		},
	} {
		hostile := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(hostile, spoil(append([]byte(nil), good...)), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := FromBinary(hostile); err == nil || !strings.Contains(err.Error(), "far more bytes than its file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPipeAsProgram: a name may be that of a pipe that nobody writes to.
func TestPipeAsProgram(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "program")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := FromBinary(pipe)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("error %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits for the pipe")
	}
}

// TestNamedFiles: the go command would wait for a pipe that a build names, and read a device for ever.
func TestNamedFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		syscall.Mkfifo(at("pipe.mod"), 0o600), os.Symlink("/dev/zero", at("zero.mod")), os.Symlink("/dev/zero", at("sum.sum")),
		os.WriteFile(at("sum.mod"), nil, 0o600), os.WriteFile(at("long.mod"), nil, 0o600), os.Truncate(at("long.mod"), mostNamed+1), os.WriteFile(at("good.mod"), nil, 0o600),
		os.WriteFile(at("to-pipe.json"), []byte(`{"Replace": {"main.go": "pipe.mod"}}`), 0o600), os.WriteFile(at("to-zero.json"), []byte(`{"Replace": {"main.go": "/dev/zero"}}`), 0o600),
		os.WriteFile(at("good.json"), []byte(`{"Replace": {"main.go": "good.mod", "other.go": ""}}`), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for flag, good := range map[string]bool{
		"-modfile=pipe.mod": false, "-modfile=" + at("zero.mod"): false, "-modfile=sum.mod": false, "-modfile=long.mod": false, "-overlay=pipe.mod": false,
		"-modfile=good.mod": true, "-modfile=none.mod": true, "-overlay=good.mod": true,
		"-overlay=to-pipe.json": false, "-overlay=" + at("to-zero.json"): false, "-overlay=good.json": true,
		"-pgo=pipe.mod": false, "-pgo=/dev/zero": false, "-pgo=long.mod": false, "-pgo=good.mod": true, "-pgo=off": true, "-pgo=auto": true,
	} {
		if err := (&Build{Dir: dir, Flags: []string{flag}}).CheckData(); (err == nil) != good {
			t.Errorf("%s: error %v", flag, err)
		}
	}
}

// TestLinkName: the links to modules stay where they are to be.
func TestLinkName(t *testing.T) {
	at := func(path, version, by, byVersion string) *Module {
		m := &Module{Path: path, Version: version}
		if by != "" {
			m.Replace = &Module{Path: by, Version: byVersion}
		}
		return m
	}
	for want, m := range map[string]*Module{
		"example.com/a+v1.0.0":    at("example.com/a", "v1.0.0", "", ""),
		"example.com/fork+v1.0.1": at("example.com/a", "v1.0.0", "example.com/fork", "v1.0.1"),
		"example.com/b+v1.0.0":    at("example.com/b", "v1.0.0", "../../../root/.ssh/x", ""),
		"example.com/c+v1.0.0":    at("example.com/c", "v1.0.0", "/root/go/pkg/mod/x", ""),
		"example.com/d+v1.0.0":    at("example.com/d", "v1.0.0", "./x/../../y", ""),
	} {
		if got := linkName(m); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
