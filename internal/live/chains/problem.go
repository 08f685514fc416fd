package chains

import "fmt"

// Error is why something was not done. The chain is as it was before.
type Error struct {
	// Refused says that it was not tried, because it would not be safe or is not allowed.
	Refused bool
	Reason  string // one of the Reason constants
	Message string // one line for people
	Detail  string // further lines, or empty
}

func (e *Error) Error() string { return e.Message }

// Reasons of errors: stable words for programs.
const (
	ReasonFile      = "file"           // the file can't be read
	ReasonMalformed = "malformed"      // it is no plugin of a chain, or not whole
	ReasonChain     = "chain"          // made for another chain, or another table
	ReasonHost      = "host"           // the program does not know what it was built from
	ReasonToolchain = "toolchain"      // built with another Go release, platform or flags
	ReasonShared    = "shared-package" // a package that it shares with the program differs
	ReasonOrder     = "version-order"  // not after the current version, or the version is taken
	ReasonMax       = "max-versions"   // as many plugins are loaded as may be
	ReasonUnsigned  = "unsigned"       // without a signature that the program asks for
	ReasonKey       = "foreign-key"    // signed with a key that the program does not trust
	ReasonPlatform  = "platform"       // there are no plugins here
	ReasonBusy      = "in-progress"    // another change is under way
	ReasonOpen      = "open"           // Go's plugin mechanism did not open it
	ReasonPoisoned  = "poisoned"       // a plugin that Go rejected is in the process
	ReasonPatched   = "patched"        // the program's own functions are patched
	ReasonEntry     = "entry"          // the entry failed, panicked or did not end
	ReasonTable     = "table"          // the table lacks a function
	ReasonHook      = "hook"           // a hook refused
	ReasonVersion   = "no-version"     // no such version
)

// Refusedf makes a refusal.
func Refusedf(reason, format string, args ...any) *Error {
	return &Error{Refused: true, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Failedf makes an error about something that was tried.
func Failedf(reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
