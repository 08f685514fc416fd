package chain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/internal/chainfile"
	"github.com/gosplice/gosplice/internal/chains"
)

// The reasons of errors: stable words for programs.
const (
	ReasonFile      = "file"           // the file can't be read
	ReasonMalformed = "malformed"      // it is no plugin of a chain, or not whole
	ReasonChain     = "chain"          // made for another chain, or another table
	ReasonHost      = "host"           // the program does not know what it was built from
	ReasonToolchain = "toolchain"      // built with another Go release, platform or flags
	ReasonShared    = "shared-package" // a package that it shares with the program differs
	ReasonOrder     = "version-order"  // not after the current version, or the version is taken
	ReasonMax       = "max-versions"   // as many versions are loaded as may be
	ReasonUnsigned  = "unsigned"       // without a signature that the program asks for
	ReasonKey       = "foreign-key"    // signed with a key that the program does not trust
	ReasonApproval  = "not-approved"   // the program said no
	ReasonPlatform  = "platform"       // there are no plugins here
	ReasonBusy      = "in-progress"    // another load is under way
	ReasonOpen      = "open"           // Go's plugin mechanism did not open it
	ReasonPoisoned  = "poisoned"       // a plugin that Go rejected is in the process
	ReasonEntry     = "entry"          // the entry failed, panicked or did not end
	ReasonTable     = "table"          // the table lacks a function
	ReasonHook      = "hook"           // a hook refused
	ReasonVersion   = "no-version"     // no such version
)

func refused(reason, format string, args ...any) *Error {
	return &Error{Refused: true, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func failed(reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// problem puts an error about a file into the form of this package.
func (c *core) problem(err error) *Error {
	var known *chains.Error
	var misfit *chainfile.Misfit
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &misfit):
		return &Error{Refused: true, Reason: misfit.Reason, Message: c.name + ": " + misfit.Message, Detail: misfit.Detail}
	case errors.Is(err, chainfile.ErrMalformed):
		return refused(ReasonMalformed, "%s: %v", c.name, err)
	}
	return failed(ReasonFile, "%s: %v", c.name, err)
}

// oneLine is what other code says, for messages.
func oneLine(v any) string {
	line := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if len(line) > 500 {
		line = line[:500] + "..."
	}
	return line
}
