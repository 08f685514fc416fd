// Package rules passes the verdict on each change of an edit: a stable ID, the reason, the way out.
package rules

// Rule is one kind of verdict. IDs are never reused: GS1xxx applies, GS2xxx applies with a
// warning, GS3xxx is refused.
type Rule struct {
	ID    string
	Title string
	// Verdict is the word that a plan shows.
	Verdict string
}

// Verdicts of plans.
const (
	Applies = "applies"
	Warns   = "applies, with a warning"
	Keeps   = "keeps its live value"
	Refused = "refused"
)

// The rules.
var (
	Body           = Rule{"GS1001", "the body of a function changed", Applies}
	Inlined        = Rule{"GS1008", "a function changed that others inline", "applies, with its callers"}
	NewFunction    = Rule{"GS1011", "a function is new", Applies}
	NewType        = Rule{"GS1013", "a type is new", Applies}
	NewMethod      = Rule{"GS1014", "a type gains a method", Applies}
	NewVariable    = Rule{"GS1015", "a package variable is new", Applies}
	Dependent      = Rule{"GS1016", "a constant, type or function that the body uses changed", Applies}
	ClosureBody    = Rule{"GS1018", "the body of a closure changed, its captures did not", Applies}
	NewPackage     = Rule{"GS1026", "a package is linked in that the program does not have", Applies}
	SignatureMoved = Rule{"GS1028", "a signature changed, and every caller changed with it", Applies}
	RemovedFunc    = Rule{"GS1034", "a function is gone", Applies}

	StartOnly       = Rule{"GS2001", "code that has run already changed with other code", "not run again"}
	MixedCalls      = Rule{"GS2002", "functions changed together that one caller uses", Applies}
	LockOrder       = Rule{"GS2003", "a function takes its locks in another order", Warns}
	InitValue       = Rule{"GS2004", "the initial value of a variable changed", Keeps}
	InitFunction    = Rule{"GS2005", "an init function changed", "not run again"}
	RunsInit        = Rule{"GS2006", "a new variable has an initialiser that runs now", "applies, initialised now"}
	RunsPackage     = Rule{"GS2007", "a newly linked package is initialised now", "applies, initialised now"}
	OldClosures     = Rule{"GS2008", "closures made before keep their old body", "applies to new closures"}
	ClosureMoved    = Rule{"GS2009", "a closure has another number, and was found again by what it is", Warns}
	MethodUnseen    = Rule{"GS2010", "a type gains a method that type assertions do not see", Warns}
	EnumShift       = Rule{"GS2011", "constants that are counted up changed their values", Warns}
	WideInline      = Rule{"GS2012", "a function changed that very many inline", "applies, with its callers"}
	EmbedKept       = Rule{"GS2013", "embedded content changed", Keeps}
	StartsGoroutine = Rule{"GS2014", "a function starts goroutines that it did not start before", Warns}
	OldInstances    = Rule{"GS2015", "calls in flight of a generic function keep the old body", Warns}
	RemovedVar      = Rule{"GS2016", "a package variable is gone", Applies}
	WaitsForCallers = Rule{"GS2017", "a function keeps more of its arguments than before", "applies, once no caller is inside"}
	MethodStays     = Rule{"GS2018", "a type loses a method that type assertions still find", Warns}
	DependencyMoved = Rule{"GS2019", "a dependency has another version, which was allowed", Applies}

	Layout          = Rule{"GS3001", "the layout of a type changed", Refused}
	FieldOrder      = Rule{"GS3002", "the fields of a struct changed places", Refused}
	FieldType       = Rule{"GS3003", "the type of a field changed", Refused}
	FieldRemoved    = Rule{"GS3004", "a field was removed", Refused}
	ArrayLength     = Rule{"GS3005", "the length of an array changed", Refused}
	Tag             = Rule{"GS3006", "the tag of a field changed", Refused}
	SignatureHeld   = Rule{"GS3007", "a signature changed while the function is held as a value", Refused}
	Interface       = Rule{"GS3008", "the methods of an interface changed", Refused}
	Receiver        = Rule{"GS3009", "a method changed between value and pointer receiver", Refused}
	VariableType    = Rule{"GS3010", "the type of a package variable changed", Refused}
	VariableRename  = Rule{"GS3011", "a package variable was renamed", Refused}
	MainOnly        = Rule{"GS3012", "only code that runs at start-up changed", Refused}
	RuntimePackage  = Rule{"GS3013", "the Go runtime, what it depends on, or gosplice itself changed", Refused}
	Assembly        = Rule{"GS3014", "assembly, a nosplit function or a linkname target changed", Refused}
	Cgo             = Rule{"GS3015", "C code or a file that uses cgo changed", Refused}
	DependencyDrift = Rule{"GS3018", "a dependency has another version than in the release", Refused}
	FIPS            = Rule{"GS3021", "code of the FIPS 140 module changed", Refused}
	KeepsArgument   = Rule{"GS3022", "a function keeps an argument that old closures may have on the stack", Refused}
	LocalType       = Rule{"GS3023", "the compiler gives a type that a function declares another number", Refused}
	MethodNeeded    = Rule{"GS3024", "a type is converted to an interface that it satisfies only in the edit", Refused}
)
