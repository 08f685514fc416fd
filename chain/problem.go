package chain

import (
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// Error is why something was not done; the chain is as it was before.
type Error = chains.Error

// The reasons of errors: stable words for programs.
const (
	ReasonFile      = chains.ReasonFile      // the file can't be read
	ReasonMalformed = chains.ReasonMalformed // it is no plugin of a chain, or not whole
	ReasonChain     = chains.ReasonChain     // made for another chain, or another table
	ReasonHost      = chains.ReasonHost      // the program does not know what it was built from
	ReasonToolchain = chains.ReasonToolchain // built with another Go release, platform or flags
	ReasonShared    = chains.ReasonShared    // a package that it shares with the program differs
	ReasonOrder     = chains.ReasonOrder     // not after the current version, or the version is taken
	ReasonMax       = chains.ReasonMax       // as many plugins are loaded as may be
	ReasonUnsigned  = chains.ReasonUnsigned  // without a signature that the program asks for
	ReasonKey       = chains.ReasonKey       // signed with a key that the program does not trust
	ReasonPlatform  = chains.ReasonPlatform  // there are no plugins here
	ReasonBusy      = chains.ReasonBusy      // another change is under way
	ReasonOpen      = chains.ReasonOpen      // Go's plugin mechanism did not open it
	ReasonPoisoned  = chains.ReasonPoisoned  // a plugin that Go rejected is in the process
	ReasonPatched   = chains.ReasonPatched   // the program's own functions are patched
	ReasonEntry     = chains.ReasonEntry     // the entry failed, panicked or did not end
	ReasonTable     = chains.ReasonTable     // the table lacks a function
	ReasonHook      = chains.ReasonHook      // a hook refused
	ReasonVersion   = chains.ReasonVersion   // no such version
)

func refused(reason, format string, args ...any) *Error {
	return chains.Refusedf(reason, format, args...)
}

func failed(reason, format string, args ...any) *Error {
	return chains.Failedf(reason, format, args...)
}

// oneLine is what other code says, for messages.
func oneLine(v any) string {
	line := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if len(line) > 500 {
		line = strings.ToValidUTF8(line[:500], "") + "..."
	}
	return line
}
