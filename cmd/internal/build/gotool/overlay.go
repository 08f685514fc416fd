package gotool

import (
	"encoding/json"
	"fmt"
	"os"
)

// overlayFile is the content of a go build -overlay file.
type overlayFile struct {
	Replace map[string]string
}

// MergeOverlay adds replacements to those of the user's overlay file, which may be empty. It
// returns the file to use and what removes it again. Where both replace a file the addition
// counts: it is to be made from the file as the user's overlay has it.
func MergeOverlay(user string, add map[string]string) (file string, cleanup func(), err error) {
	if len(add) == 0 {
		return user, func() {}, nil
	}
	merged := overlayFile{Replace: make(map[string]string)}
	if user != "" {
		if merged, err = readOverlay(user); err != nil {
			return "", nil, err
		}
	}
	for from, to := range add {
		merged.Replace[from] = to
	}
	return writeOverlay(merged)
}

// ReadOverlay reads an overlay file: what is put in the place of which file.
func ReadOverlay(name string) (map[string]string, error) {
	o, err := readOverlay(name)
	return o.Replace, err
}

func readOverlay(name string) (overlayFile, error) {
	var o overlayFile
	data, err := os.ReadFile(name)
	if err != nil {
		return o, fmt.Errorf("overlay: %w", err)
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return o, fmt.Errorf("overlay %s: %w", name, err)
	}
	if o.Replace == nil {
		o.Replace = make(map[string]string)
	}
	return o, nil
}

func writeOverlay(o overlayFile) (name string, cleanup func(), err error) {
	data, err := json.Marshal(o)
	if err != nil {
		return "", nil, err
	}
	f, err := os.CreateTemp("", "gosplice-overlay-*.json")
	if err != nil {
		return "", nil, err
	}
	cleanup = func() { os.Remove(f.Name()) }
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		cleanup()
		return "", nil, fmt.Errorf("writing an overlay: %w", err)
	}
	return f.Name(), cleanup, nil
}
