package release

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

const fileMagic = "gosplice record\n"

// Write stores the record. The file appears whole or not at all. Devices and pipes are written to.
func (r *Record) Write(path string) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
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

// maxRecord bounds the memory that reading a record may take.
const maxRecord = 4 << 30

// Read loads a record.
func Read(path string) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	defer f.Close()
	r, err := decode(f)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", path, err)
	}
	return r, nil
}

func decode(in io.Reader) (*Record, error) {
	b := bufio.NewReader(in)
	m := make([]byte, len(fileMagic))
	if _, err := io.ReadFull(b, m); err != nil || string(m) != fileMagic {
		return nil, errors.New("not a release record; make one with gosplice build or gosplice record")
	}
	z, err := zstd.NewReader(b, zstd.WithDecoderMaxMemory(maxRecord))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	r, err := readFrom(gob.NewDecoder(bufio.NewReaderSize(z, 1<<20)))
	if err != nil {
		return nil, fmt.Errorf("the file is damaged: %w; make it again with gosplice record", err)
	}
	if r.Format != Format {
		return nil, fmt.Errorf("made by another version of gosplice (format %d, this one reads %d); make it again with gosplice record", r.Format, Format)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("the file is damaged: %w; make it again with gosplice record", err)
	}
	return r, nil
}

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
