package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// writeFile writes a file whole or not at all: under another name first, so that neither a full
// disk nor a killed command leaves a part of it under its name. Devices and pipes are written to.
func writeFile(name string, content []byte) error {
	switch into, err := files.WrittenInto(name); {
	case err != nil:
		return fmt.Errorf("writing %s: %w", name, err)
	case into:
		return writeInto(name, content)
	}
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text()[:8])
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp, name)
	}
	if err != nil {
		os.Remove(temp)
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// writeInto writes to something that is no file, such as /dev/null, which must not be replaced by one.
func writeInto(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
