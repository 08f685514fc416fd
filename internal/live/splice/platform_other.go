//go:build !linux

package splice

import (
	"errors"
	"runtime"
)

// Arm refuses before anything below is used.
const systemMissing = "mapping and writing code on " + runtime.GOOS

type errno uintptr

const (
	errLost   errno = 5
	errClosed errno = 9
)

var errSystem = errors.New("gosplice lacks " + systemMissing)

// OpenText has nothing to open here.
func OpenText() error { return nil }

type textWriter struct{ mode string }

func newTextWriter(probe uint64) (*textWriter, error)           { return nil, errSystem }
func (t *textWriter) useMprotect(probe uint64) error            { return errSystem }
func (t *textWriter) usable() bool                              { return false }
func (t *textWriter) prepare(hulls []Range, spans []span) error { return errSystem }
func (t *textWriter) finish(hulls []Range)                      {}
func (t *textWriter) write(addr uint64, content []byte) errno   { return errLost }

type barrier struct{}

func newBarrier() (barrier, error) { return barrier{}, errSystem }
func (b *barrier) sync()           {}

func reserve(window Range, size, start uint64) (base uint64, ok bool) { return 0, false }
func sealCode(text Range, w *textWriter) error                        { return errSystem }
func sealData(pages Range) error                                      { return errSystem }
func unmap(pages Range) error                                         { return errSystem }

type mapping struct {
	Range
	read   bool
	file   string
	offset uint64
}

func mappings() ([]mapping, error) { return nil, errSystem }

type protections struct{}

func (p *protections) readable(addr, size uint64) bool                    { return false }
func (p *protections) writable(addr, size uint64) bool                    { return false }
func (p *protections) open(page uint64) (restore func() error, err error) { return nil, errSystem }
