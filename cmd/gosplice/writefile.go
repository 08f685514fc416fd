package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// writeFile writes a file whole or not at all: under another name first, so that neither a full
// disk nor a killed command leaves a part of it under its name.
func writeFile(name string, content []byte) error {
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
