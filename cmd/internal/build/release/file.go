package release

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/files"
	"github.com/klauspost/compress/zstd"
)

const fileMagic = "gosplice record\n"

// Write stores the record. The file appears whole or not at all. Devices and pipes are written to.
func (r *Record) Write(path string) (err error) {
	switch into, err := files.WrittenInto(path); {
	case err != nil:
		return fmt.Errorf("record: %w", err)
	case into:
		return r.writeInto(path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if err := r.encode(tmp); err != nil {
		return fmt.Errorf("record %s: %w", path, err)
	}
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("record %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

// writeInto writes the record to something that is no file, such as /dev/null, which must not be replaced
// by one.
func (r *Record) writeInto(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	err = r.encode(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", path, err)
	}
	return nil
}

func (r *Record) encode(w io.Writer) error {
	b := bufio.NewWriter(w)
	if _, err := b.WriteString(fileMagic); err != nil {
		return err
	}
	z, err := zstd.NewWriter(b, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	if err := r.writeTo(gob.NewEncoder(z)); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return b.Flush()
}

// IsRecord reports whether a file is a record, by its beginning.
func IsRecord(file []byte) bool { return bytes.HasPrefix(file, []byte(fileMagic)) }

// Bounds on what a record may ask for, so that a hostile one can't exhaust memory.
const (
	maxFile = 1 << 30 // bytes as stored
	// Records are 3 to 5 times as long as they are stored.
	maxExpansion = 64
	leastContent = 1 << 20 // is read in any case
	maxWindow    = 8 << 20 // of the decompressor; that of files is 4 MB
	// Of the bytes of a record that was made, every 13th to 17th is zero: most of them end a structure. Lists of empty structures
	// would take hundreds of bytes for each.
	minDensity = 4
	// Symbols of records take 120 bytes as they are stored, with all that is known of them. A symbol without anything would take 6
	// bytes and many times as much in memory.
	leastOfSymbol = 8
	leastSymbols  = 1 << 12
	mostTogether  = 2 << 20 // bytes of symbols that were written together
)

// Read loads a record. It takes memory in proportion to what is stored.
func Read(path string) (*Record, error) {
	r, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", path, err)
	}
	return r, nil
}

func read(path string) (*Record, error) {
	b, err := files.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("the file has more than %d bytes: make it again with gosplice record", maxFile)
	}
	return decode(b)
}

func decode(file []byte) (*Record, error) {
	if !IsRecord(file) {
		return nil, errors.New("not a release record; make one with gosplice build or gosplice record")
	}
	stored := file[len(fileMagic):]
	options := []zstd.DOption{zstd.WithDecoderMaxWindow(maxWindow)}
	if len(stored) < leastContent {
		options = append(options, zstd.WithDecoderConcurrency(1)) // goroutines take longer to start
	}
	z, err := zstd.NewReader(bytes.NewReader(stored), options...)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return decodeContent(z, len(stored))
}

// decodeContent reads what is compressed in a record that takes so many bytes.
func decodeContent(in io.Reader, stored int) (*Record, error) {
	b := &bounded{in: in, most: max(leastContent, maxExpansion*int64(stored)), symbols: leastSymbols + stored/leastOfSymbol, until: math.MaxInt64}
	r, err := readFrom(gob.NewDecoder(bufio.NewReaderSize(b, 1<<16)), b)
	if err != nil {
		return nil, fmt.Errorf("the file is damaged: %w; make it again with gosplice record", err)
	}
	if r.Format != Format {
		return nil, fmt.Errorf("made by another version of gosplice (format %d, this one reads %d); make it again with gosplice record", r.Format, Format)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("the file is damaged: %w; make it again with gosplice record", err)
	}
	r.Build.ReadModules()
	return r, r.checkWords()
}

// bounded reads what may take no more memory than what is stored allows. The decoder of package gob reads a value as a whole
// before it makes anything of it, so that it is refused before.
type bounded struct {
	in          io.Reader
	most        int64
	read, zeros int64
	symbols     int   // how many there may be
	until       int64 // how far the value goes that is read now, at most
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.read += int64(n)
	b.zeros += int64(bytes.Count(p[:n], []byte{0}))
	switch {
	case b.read > b.until:
		return 0, fmt.Errorf("some of its symbols take more than %d bytes", mostTogether)
	case b.read > b.most:
		return 0, fmt.Errorf("it holds more than %d bytes, which is more than records of its size do", b.most)
	case b.zeros > leastContent/minDensity+b.read/minDensity:
		return 0, fmt.Errorf("%d of %d bytes are zero, which is more than in records", b.zeros, b.read)
	}
	return n, err
}

// checkWords refuses words of a record with which commands would be run, or files written, that its maker chose: a record is data.
func (r *Record) checkWords() error {
	if err := r.Build.CheckData(); err != nil {
		return err
	}
	// Patch files are named after it.
	if r.Program != filepath.Base(r.Program) || strings.Trim(r.Program, ".") == "" || strings.ContainsFunc(r.Program, unicode.IsControl) {
		return fmt.Errorf("the program is named %.80q: make the record again with gosplice record", r.Program)
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		for _, s := range []string{p.Path, p.Import} {
			if strings.HasPrefix(s, "-") || strings.ContainsAny(s, "\"'`=\\") || strings.ContainsFunc(s, unicode.IsControl) {
				return fmt.Errorf("a package has the path %.80q: make the record again with gosplice record", s)
			}
		}
		// The go command gets it as go mod edit -require=MODULE and -replace=MODULE=MODULE.
		for m := range strings.SplitSeq(p.Module, " => ") {
			if m != "" && !moduleVersion.MatchString(m) {
				return fmt.Errorf("package %s is of module %.80q: make the record again with gosplice record", p.Path, m)
			}
		}
		for _, f := range p.Files {
			if err := gotool.CheckFile(f.Name); err != nil {
				return fmt.Errorf("package %s: %w", p.Path, err)
			}
		}
	}
	return nil
}

// moduleVersion matches a module and its version, which may be empty, and no directory.
var moduleVersion = regexp.MustCompile(`^[A-Za-z0-9_][^\s@=:\\]*@[A-Za-z0-9.+()-]*$`)

// check looks for what every record has, so that nobody has to ask again.
func (r *Record) check() error {
	switch n := len(r.Packages); {
	case n == 0 || r.Packages[n-1].Path != "main":
		return errors.New("it has no main package")
	case len(r.Symbols) == 0:
		return errors.New("it has no symbols")
	case r.Release.Text == 0 || r.Release.Etext <= r.Release.Text:
		return errors.New("it does not say where the machine code is")
	case r.TLS == 0, r.TLS > 0 && r.Release.GOARCH == "amd64": // there it lies below the base of the thread
		return errors.New("it does not say where the program keeps its goroutines")
	case len(r.Runtime.Offset) == 0:
		return errors.New("it does not describe the runtime")
	}
	if err := r.HeldCalls.check(len(r.Symbols)); err != nil {
		return err
	}
	return r.Calls.check(len(r.Symbols))
}
