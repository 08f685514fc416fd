package rules

// What is refused.
var (
	Layout = rule(Rule{
		ID: "GS3001", Title: "the layout of a type changed", Verdict: Refused, Scenario: "R01-field-insert",
		Reason:  "Values in memory have the layout of the running program. New code would look for fields where they are not, and read and write past the end of values that are smaller than it thinks.",
		WaysOut: []string{"keep the new field in a map beside the struct", "use a new type for the new layout", "restart"},
		Example: `
 type player struct {
 	name  string
+	level int
 	score int
 }
`, Avoids: `
+// levels holds what a player has no room for until the next restart.
+var levels = map[*player]int{}
`})

	FieldOrder = rule(Rule{
		ID: "GS3002", Title: "the fields of a struct changed places", Verdict: Refused, Scenario: "R02-field-reorder",
		Reason:  "Values in memory have their fields in the old order. New code would take one field for another.",
		WaysOut: []string{"keep the order of the running program until the next restart"},
		Example: `
 type account struct {
-	balance int
 	limit   int
+	balance int
 }
`})

	FieldType = rule(Rule{
		ID: "GS3003", Title: "the type of a field changed", Verdict: Refused, Scenario: "R03-field-type",
		Reason:  "Values in memory hold the field in its old form, and new code would read it in the new one.",
		WaysOut: []string{"keep the field, and the new value in a map beside the struct", "restart"},
		Example: `
 type sensor struct {
-	last int64
+	last float64
 }
`})

	FieldRemoved = rule(Rule{
		ID: "GS3004", Title: "a field was removed", Verdict: Refused, Scenario: "R04-field-remove",
		Reason:  "Values in memory have the field. Those behind it would be looked for in its place.",
		WaysOut: []string{"leave the field in place, unused, until the next restart"},
		Example: `
 type user struct {
 	name string
-	age  int
 }
`})

	ArrayLength = rule(Rule{
		ID: "GS3005", Title: "the length of an array changed", Verdict: Refused, Scenario: "R05-array-len",
		Reason:  "Arrays in memory have the old length. New code would go past their end, or take what follows for a part of them.",
		WaysOut: []string{"use a slice", "keep the length, and the rest elsewhere", "restart"},
		Example: `
 type hand struct {
-	cards [5]int
+	cards [7]int
 }
`})

	Tag = rule(Rule{
		ID: "GS3006", Title: "the tag of a field changed", Verdict: Refused, Scenario: "R06-tag-change",
		Reason:  "Tags stand in the description of a type, which the running program has with the old ones. Packages such as encoding/json have read it, and remember it.",
		WaysOut: []string{"marshal a new type that has the new tag", "restart"},
		Example: "\n type reply struct {\n-\tName string `json:\"name\"`\n+\tName string `json:\"full_name\"`\n }\n"})

	Interface = rule(Rule{
		ID: "GS3008", Title: "the methods of an interface changed", Verdict: Refused, Scenario: "R08-iface-add-method",
		Reason:  "Each interface value in memory brings a table of the methods that the running program knows, and new code would look them up in the order of the new list.",
		WaysOut: []string{"declare a second interface with the new methods and ask for it with a type assertion", "restart"},
		Example: `
 type animal interface {
 	Name() string
+	Noise() string
 }
`})

	Receiver = rule(Rule{
		ID: "GS3009", Title: "a method changed between value and pointer receiver", Verdict: Refused, Scenario: "R09-receiver-kind",
		Reason:  "Interface values that hold the type exist, and their calls pass the receiver in the old way.",
		WaysOut: []string{"keep the receiver and add a method with another name", "restart"},
		Example: `
-func (c coin) worth() int
+func (c *coin) worth() int
`})

	VariableType = rule(Rule{
		ID: "GS3010", Title: "the type of a package variable changed", Verdict: Refused, Scenario: "R10-global-type",
		Reason:  "The variable's value in memory has the old type.",
		WaysOut: []string{"add a variable of the new type under another name", "restart"},
		Example: `
-var total int
+var total int64
`, Avoids: `
 var total int
+var total64 int64
`})

	VariableRename = rule(Rule{
		ID: "GS3011", Title: "a package variable was renamed", Verdict: Refused, Scenario: "R11-global-rename",
		Reason:  "One variable is gone while another one of its type is new. If it was renamed, the patched program would start with a new one and leave the state of the old one behind. In a dependency, what only initialisers write and is only read, such as a regular expression, an error or a table, holds no state, and is simply new.",
		WaysOut: []string{"keep the name", "say that it was renamed, with //gosplice:renamed or --renamed", "say that it is a new one, with //gosplice:fresh or --fresh", "restart"},
		Example: `
-var count int
+var hits int
`})

	MainOnly = rule(Rule{
		ID: "GS3012", Title: "only code that runs at start-up changed", Verdict: Refused, Scenario: "R12-main-only",
		Reason:  "Nothing that runs again changed, or calls what did: the patch would never run.",
		WaysOut: []string{runsNow, "move the code into a function that is called again", "restart"},
		Example: `
 func main() {
-	listen(":8080")
+	listen(":9090")
 }
`, Avoids: `
+//gosplice:apply
+func listenToo() { go listen(":9090") }  // runs once, with the patch
`})

	RuntimePackage = rule(Rule{
		ID: "GS3013", Title: "the Go runtime, what it depends on, or gosplice itself changed", Verdict: Refused, Scenario: "R13-runtime-edit",
		Reason:  "The program depends on this code at every moment, while it is being patched too.",
		WaysOut: []string{"restart"},
		Example: `
 $ gosplice plan --overlay overlay.json      (which replaces runtime/proc.go)
`})

	Assembly = rule(Rule{
		ID: "GS3014", Title: "assembly, a nosplit function or a linkname target changed", Verdict: Refused, Scenario: "R14-asm-edit",
		Reason:  "Such code makes promises that its Go source does not show: what it keeps where, how much stack it uses, who else calls it.",
		WaysOut: []string{"move the change into a plain Go function", "restart"},
		Example: `
 //go:nosplit
-func quick() int { return 3 }
+func quick() int { return 4 }
`})

	Cgo = rule(Rule{
		ID: "GS3015", Title: "C code or a file that uses cgo changed", Verdict: Refused, Scenario: "R15-cgo-edit",
		Reason:  "C code is compiled and linked by other tools, which leave nothing to check a patch against.",
		WaysOut: []string{"do it in Go", "restart"},
		Example: `
+// int twice(int n) { return 2 * n; }
+import "C"
`})

	CgoPackage = rule(Rule{
		ID: "GS3027", Title: "a package that the program does not have uses cgo", Verdict: Refused, Scenario: "R15-cgo-edit",
		Reason:  "It has C code, which other tools compile and link: a patch holds only what Go's compiler and assembler made.",
		WaysOut: []string{"use a package without cgo", "import it in the next release", "restart"},
		Example: `
+import "example.com/sqlite"       // its files import "C"
`})

	DependencyDrift = rule(Rule{
		ID: "GS3018", Title: "a dependency has another version than in the release", Verdict: Refused, Scenario: "R18-dep-drift",
		Reason:  "The edit is more than what was edited here: a go get, or another go.sum, brought other code along.",
		WaysOut: []string{"require the version that the release has", "take it along with --with-deps", "restart"},
		Example: `
-require example.com/dep v1.0.0
+require example.com/dep v1.1.0
`})

	FIPS = rule(Rule{
		ID: "GS3021", Title: "code of the FIPS 140 module changed", Verdict: Refused, Scenario: "rule-fips",
		Reason:  "Go's FIPS 140 module keeps a checksum of its own code.",
		WaysOut: []string{"restart"},
		Example: `
 $ gosplice plan --overlay overlay.json      (which replaces crypto/internal/fips140/sha256/sha256.go)
`})

	KeepsArgument = rule(Rule{
		ID: "GS3022", Title: "a function keeps an argument that old closures may have on the stack", Verdict: Refused, Scenario: "rule-kept-by-closures",
		Reason:  "The compiler puts what a function does not keep on the stacks of its callers. Closures that exist and func values of functions that are gone keep their old body, which may pass such memory to the function at any later time, itself or by way of others; the new body would keep it, and it would be gone.",
		WaysOut: []string{"keep the captures and the order of those closures", "store a copy", "restart"},
		Example: `
 func seen(p *point) {
-	total += p.x
+	last = p
 }

-	each(func() { seen(&point{n, 0}) })
+	each(func() { seen(&point{n, m}) })       // captures m too: those that exist stay old
`})

	LocalType = rule(Rule{
		ID: "GS3023", Title: "the compiler gives a type that a function declares another number", Verdict: Refused, Scenario: "unsafe09-local-type-renumbered",
		Reason:  "Types that functions declare are numbered through the package, and values in memory carry the number. New code would not know them, or take others for them.",
		WaysOut: []string{"declare the new type at package level", "declare it below all other local types of the package", "restart"},
		Example: `
 func first() {
+	type key struct{ n int }
 }

 func put() {
 	type item struct{ n int }     // was item·1, is item·2
 }
`})

	Unlinkable = rule(Rule{
		ID: "GS3025", Title: "the patch can't be linked into the running program", Verdict: Refused, Scenario: "rule-unlinkable",
		Reason:  "A patch is linked against what the running program consists of. Something that the edit needs of it is not there, or not in a form that a patch can use.",
		WaysOut: []string{"leave out what is named", "restart"},
		Example: `
+func (m *many) Able() string { return "able" }

+func call(name string) string {
+	return reflect.ValueOf(held).MethodByName(name).Call(nil)[0].String()
+}
`})

	LayoutUnknown = rule(Rule{
		ID: "GS3026", Title: "it is not known how values of a type are laid out", Verdict: Refused, Scenario: "modules/gone",
		Reason:  "The sources of the release do not say how values in memory are laid out: a package that they import is not to be found any more, or they are not what the program was compiled from.",
		WaysOut: []string{"bring back the sources of the release", "restart"},
		Example: `
 $ go clean -modcache
 $ go get example.com/lib@v1.1.0        # v1.0.0 is not on this machine any more
 $ gosplice plan --with-deps

 type cell struct {
 	line [ext.Size]byte            // what was ext.Size?
 	n    int
 }
`})

	MethodNeeded = rule(Rule{
		ID: "GS3024", Title: "a type is converted to an interface that it satisfies only in the edit", Verdict: Refused, Scenario: "rule-method-unseen",
		Reason:  "The conversion needs a method that the running program's description of the type does not have, and can't get: see GS2010.",
		WaysOut: []string{"call the method directly", "convert a new type that embeds the old one", "restart"},
		Example: `
+func (t *thing) name() string { return "thing" }

+	var n namer = &thing{}
`})

	RenamedUnknown = rule(Rule{
		ID: "GS3041", Title: "//gosplice:renamed names no variable that could be the one", Verdict: Refused, Scenario: "renamed02-refused",
		Reason:  "The directive binds a new name to a variable of the release. The old name has to be one that the release declares in the same package and the edit does not, and the new name one that the release does not declare.",
		WaysOut: []string{"name the variable as the release has it", "remove the directive if the variable is new"},
		Example: `
-var count int
+//gosplice:renamed cuont
+var hits int
`})

	ResetTooLarge = rule(Rule{
		ID: "GS3042", Title: "a variable with //gosplice:reset is too large to be exchanged in the switch", Verdict: Refused, Scenario: "reset02-refused",
		Reason:  "Values are exchanged while the program stands still, over the stack of one goroutine, and 64 KB is the most that is.",
		WaysOut: []string{"hold the value behind a pointer or in a slice in the next release", "let a function with //gosplice:apply change it, under the lock that the program uses"},
		Example: `
+//gosplice:reset
 var grid [512][512]int
`})

	ResetMadeOf = rule(Rule{
		ID: "GS3043", Title: "an initial value is made of a variable that is reset in the same switch", Verdict: Refused, Scenario: "reset02-refused",
		Reason:  "Initial values are made before the switch, when the other variable still has its old value.",
		WaysOut: []string{"let one function make both, as in var a, b = makeBoth()", "compute the value where it is used"},
		Example: `
 //gosplice:reset
 var names = []string{"ada", "bob"}

 //gosplice:reset
 var index = indexOf(names)
`})
)
