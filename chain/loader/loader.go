// Package loader brings plugins into a program that has chains. Programs don't name it: gosplice plugin host
// adds it. It links Go's plugin mechanism, so a program with it is linked dynamically and needs cgo.
package loader

import (
	"bytes"
	"errors"

	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/live/chains"
)

func init() { chains.SetLoader(&process) }

// DescribeHost is called by the file that gosplice plugin host adds to the program. It says what the
// program was built from, which plugins are compared with.
func DescribeHost(description string) {
	process.mu.Lock()
	defer process.mu.Unlock()
	process.host, process.hostErr = chainfile.ParseHost(description)
}

// Read reads a plugin file.
func (p *plugins) Read(content []byte) (chains.Plugin, error) {
	f, err := chainfile.Read(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, chains.Refusedf(chains.ReasonMalformed, "%v", err)
	}
	return &file{f, content[:f.Plugin]}, nil
}

// file is a plugin file that was read.
type file struct {
	*chainfile.File
	code []byte // the plugin as Go knows it
}

func (f *file) About() chains.PluginInfo {
	return chains.PluginInfo{Chain: f.Chain, Version: f.Version, Identity: f.Identity, ID: f.ID, Table: f.Table, Signer: f.Signer, Memory: f.Memory}
}

func (f *file) Admit() error {
	if err := supported(); err != nil {
		return chains.Refusedf(chains.ReasonPlatform, "chain %s: %v", f.Chain, err)
	}
	return process.admits(f.File)
}

func (f *file) Present() bool { return process.has(f.Identity) }

func (f *file) Begin() (chains.Opening, error) {
	a, err := process.begin(f.File)
	if err != nil {
		return nil, err
	}
	return &opening{f, a}, nil
}

// opening is one try of a plugin.
type opening struct {
	file    *file
	attempt *attempt
}

func (o *opening) Open(dirs []string) (any, error) {
	if entry := process.entryOf(o.attempt); entry != nil {
		return entry, nil
	}
	entry, err := o.openAlone(dirs)
	process.opened(o.attempt, entry, err)
	return entry, err
}

// openAlone opens the plugin while nobody else adds code to the process.
func (o *opening) openAlone(dirs []string) (any, error) {
	if !chains.Modules.TryLock() {
		return nil, process.busy(o.file.Chain)
	}
	defer chains.Modules.Unlock()
	process.setOpening(o.attempt.by())
	defer process.setOpening("")
	if chains.Patched != "" {
		return nil, chains.Refusedf(chains.ReasonPatched, "chain %s: the program runs the patch %s, and a plugin would have copies of what that replaces: roll back to the release first", o.file.Chain, chains.Patched)
	}
	return openCopy(o.file.code, dirs)
}

func (o *opening) Ended() { process.ended(o.attempt) }

// asError puts a misfit into the form of errors about chains.
func asError(chain string, err error) error {
	var misfit *chainfile.Misfit
	if errors.As(err, &misfit) {
		return &chains.Error{Refused: true, Reason: misfit.Reason, Message: "chain " + chain + ": " + misfit.Message, Detail: misfit.Detail}
	}
	return err
}
