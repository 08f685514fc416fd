package rules

// What applies.
var (
	Body = rule(Rule{
		ID: "GS1001", Title: "the body of a function changed", Verdict: Applies, Scenario: "A01-body-string",
		Reason: "Calls that begin after the switch run the new body: direct calls, calls through interfaces, and through func values, method values and timers that the program holds. Calls in flight finish in the old one.",
		Example: `
 func greet() string {
-	return "v1"
+	return "v2"
 }
`})

	Inlined = rule(Rule{
		ID: "GS1008", Title: "a function changed that others inline", Verdict: "applies, with its callers", Scenario: "A08-inlined-leaf",
		Reason: "The compiler had copied the body into its callers. These are replaced with it, in all packages and in one switch.",
		Example: `
-func damage(n int) int { return n * 2 }   // inlined in (*Room).Tick
+func damage(n int) int { return n * 3 }
`})

	NewFunction = rule(Rule{
		ID: "GS1011", Title: "a function is new", Verdict: Applies, Scenario: "A11-new-func",
		Reason: "It comes with the patch, and so does all that it uses. After a rollback it stays in memory for what still holds it.",
		Example: `
+func comboBonus(n int) int { return n / 10 }
`})

	NewType = rule(Rule{
		ID: "GS1013", Title: "a type is new", Verdict: Applies, Scenario: "A13-new-type",
		Reason: "Its description comes with the patch. Type switches, reflection and encoding packages know it; patches that follow know it as the same type.",
		Example: `
+type circle struct{ R float64 }
+
+func (c *circle) area() float64 { return c.R * c.R * math.Pi }
`})

	FieldRenamed = rule(Rule{
		ID: "GS1039", Title: "a field was renamed", Verdict: Applies, Scenario: "fields01-renamed",
		Reason: "It has the type and the place that it had. Values in memory hold under the new name what they held under the old one, and code that uses the field is compiled as before.",
		Example: `
 type user struct {
-	nick  string
+	alias string
 }`})

	NewMethod = rule(Rule{
		ID: "GS1014", Title: "a type gains a method", Verdict: Applies, Scenario: "A14-new-method",
		Reason: "Direct calls, type assertions, fmt and reflection find it, on values made before too. A rollback takes it away again; an interface value that was made with it goes on calling it.",
		Example: `
+func (a *account) String() string { return a.name }
`})

	NewVariable = rule(Rule{
		ID: "GS1015", Title: "a package variable is new", Verdict: Applies, Scenario: "A15-new-global-const",
		Reason: "It begins with its constant value, or with zero. A rollback keeps its value, and the next patch finds it.",
		Example: `
+var hits int
`})

	Dependent = rule(Rule{
		ID: "GS1016", Title: "a constant, type or function that the body uses changed", Verdict: Applies, Scenario: "A16-const-edit",
		Reason: "The source of the function is as before, but its machine code is not, because something that is compiled into it changed. It is replaced.",
		Example: `
-const room = 10
+const room = 20

 func fits(n int) bool { return n <= room }   // replaced
`})

	InitialiserClosure = rule(Rule{
		ID: "GS1018", Title: "the body of a function literal in the initial value of a variable changed", Verdict: Applies, Scenario: "rule-initialiser-closure",
		Reason: "The variable keeps its value, and closures in it run the new body: they capture nothing, or the same as before.",
		Example: `
 var handlers = map[string]func() string{
-	"hello": func() string { return "hello" },
+	"hello": func() string { return "hello!" },
 }
`})

	NewPackage = rule(Rule{
		ID: "GS1026", Title: "a package is linked in that the program does not have", Verdict: Applies, Scenario: "A26-import-deadcoded",
		Reason: "What the edit uses of it comes with the patch. It has nothing to initialise.",
		Example: `
+import "example.com/units"
`})

	SignatureMoved = rule(Rule{
		ID: "GS1028", Title: "a signature changed, and every caller changed with it", Verdict: Applies, Scenario: "A28-signature-closed",
		Reason: "All calls of the function are direct, and all that call it are replaced in the same switch. Calls in flight finish in the old body, with the old arguments.",
		Example: `
-func price(n int) int
+func price(n, discount int) int
`})

	RemovedFunc = rule(Rule{
		ID: "GS1034", Title: "a function is gone", Verdict: Applies, Scenario: "rule-removed",
		Reason: "Its code stays in the program for what still holds it: a goroutine, a func value, a timer.",
		Example: `
-func legacy() {}
`})

	RemovedVar = rule(Rule{
		ID: "GS1035", Title: "a package variable is gone", Verdict: Applies, Scenario: "rule-removed",
		Reason: "New code does not use it. Its value stays in memory for what still does.",
		Example: `
-var legacyCount int
`})

	GonePackage = rule(Rule{
		ID: "GS1037", Title: "a package is not imported any more", Verdict: Applies, Scenario: "kept49-gone-package",
		Reason: "Its code, and the functions that were inlined into it, stay in the program as they are for what still holds them: a goroutine, a func value, what its initialisers registered.",
		Example: `
-import _ "example.com/game/legacy"
`})

	NotInProgram = rule(Rule{
		ID: "GS1036", Title: "a function changed that is not in the program", Verdict: "nothing to patch", Scenario: "plan01-not-in-program",
		Reason: "The release's linker found nothing that refers to the function and left it out, and nothing in the edit calls it either. Code that begins to call it gets it as it is in the edit.",
		Example: `
 // Nothing calls it.
-func unused(n int) int { return n * 2 }
+func unused(n int) int { return n * 3 }
`})

	ResetVariable = rule(Rule{
		ID: "GS1041", Title: "a variable with //gosplice:reset gets its new initial value", Verdict: "gets its new initial value", Scenario: "reset01-table",
		Reason: "The value in the running program gives way to the initial value of the edit, in the same instant in which the code changes. A rollback puts back the value from before. A patch that brings the same initial value again leaves the variable alone.",
		Example: `
+//gosplice:reset
-var prices = map[string]int{"sword": 10}
+var prices = map[string]int{"sword": 12}
`})

	RenamedVar = rule(Rule{
		ID: "GS1042", Title: "a variable with //gosplice:renamed keeps its state under the new name", Verdict: "keeps its state", Scenario: "renamed01-variable",
		Reason: "The new name stands for the variable that the running program has, with the value that it has. Code that still runs in its old body uses the same one.",
		Example: `
-var count int
+//gosplice:renamed count
+var hits int
`})

	ApplyHook = rule(Rule{
		ID: "GS1043", Title: "a function with //gosplice:apply runs before the switch", Verdict: "runs before the switch", Scenario: "hooks01-apply-rollback",
		Reason: "It runs in the new code when the patch is applied, unless it ran with an earlier patch from which the program has not gone back, and neither it nor what it calls has changed since. It runs when new variables are initialised and nothing has been switched. If it returns an error, panics or takes too long, nothing is switched.",
		Example: `
+//gosplice:apply
+func openJournal() error { ... }
`})

	RollbackHook = rule(Rule{
		ID: "GS1044", Title: "a function with //gosplice:rollback runs after going back", Verdict: "runs after a rollback", Scenario: "hooks01-apply-rollback",
		Reason: "It runs in the patch's code when the program has gone back from the patch, and when the switch to it failed after its apply hooks had run. An error is told, and does not stop anything.",
		Example: `
+//gosplice:rollback
+func closeJournal() { ... }
`})
)
