package rules

// What applies, and does not do all that one may expect.
var (
	StartOnly = rule(Rule{
		ID: "GS2001", Title: "code that has run already changed with other code", Verdict: "not run again", Scenario: "R12-main-only",
		Reason:  "main, and what it started and never returns from, is entered once. The rest of the edit applies; this part would take effect after a restart.",
		WaysOut: []string{runsNow, "move the code into a function that is called again", "restart"},
		Example: `
 func main() {
-	log.Print("starting")
+	log.Print("starting, version 2")
 	serve()
 }
`, Avoids: `
+//gosplice:apply
+func announce() { log.Print("version 2") }  // runs once, with the patch
`})

	CalledOnce = rule(Rule{
		ID: "GS2032", Title: "a function changed that is called once", Verdict: "applies to a call still to come", Scenario: "start01-called-once",
		Reason:  "All calls of the function, or of the literal in it, are in main or in initialisers, or in functions that these call once; or a sync.Once calls it. If it has been called, it is not called again, and what still runs in it goes on in the old body. A call that is still to come, such as a deferred one, runs the new body.",
		WaysOut: []string{runsNow, "move the code into a function that is called again", "restart"},
		Example: `
 func connect(addr string) {              // main calls it before it serves
-	log.Print("connect to ", addr)
+	log.Print("connecting to ", addr)
 }
`, Avoids: `
+//gosplice:apply
+func reconnect() { log.Print("connecting to ", address) }  // runs once, with the patch
`})

	StartLoop = rule(Rule{
		ID: "GS2033", Title: "a function changed whose loop is entered at the start only", Verdict: "applies to a call still to come", Scenario: "start02-loops",
		Reason:  "All calls of the function, or of the literal in it, are in main or in initialisers, or in functions that these call once, and it has a loop that goes on until something happens. A goroutine that is in the loop goes on in the old body until it returns, and nothing else calls it. A call that is still to come runs the new body. What the loop calls in each round takes effect when that changes.",
		WaysOut: []string{"change a function that the loop calls in each round", "restart, and have the loop take edits from then on: for range gosplice.Loop {, or gosplice build --loops"},
		Example: `
 func cleanup(ctx context.Context) {      // main starts it: go cleanup(ctx)
 	for {
 		select {
 		case <-ctx.Done():
 			return
 		case <-tick:
-			log.Print("cleaned")
+			log.Print("cleaned up")
 		}
 	}
 }
`, Avoids: `
 func sweep() {                           // the loop calls it in each round
-	log.Print("cleaned")
+	log.Print("cleaned up")
 }
`})

	MixedCalls = rule(Rule{
		ID: "GS2002", Title: "functions changed together that one caller uses", Verdict: Applies, Scenario: "W02-atomic-pair",
		Reason:  "All functions of a patch are switched in one instant. A call that is in flight may have run the one as it was, and go on with the other as it is now.",
		WaysOut: []string{"let the new code understand what the old one left behind, until the next patch", "apply with --quiesce 5s"},
		Example: `
-func encode(n int) int { return n * 100 }
-func decode(n int) int { return n / 100 }
+func encode(n int) int { return n<<8 | 1 }
+func decode(n int) int { return n >> 8 }
`})

	LockOrder = rule(Rule{
		ID: "GS2003", Title: "a function takes its locks in another order", Verdict: Warns, Scenario: "W03-lock-order",
		Reason:  "A call that is inside the old body holds one lock and waits for another that a call of the new body may hold: both would wait for ever.",
		WaysOut: []string{"apply with --quiesce 5s, which switches when no call is inside a changed function"},
		Example: `
-	a.Lock()
 	b.Lock()
+	a.Lock()
`})

	InitValue = rule(Rule{
		ID: "GS2004", Title: "the initial value of a variable changed", Verdict: Keeps, Scenario: "W04-global-init-edit",
		Reason:  "The variable exists, and its value is state of the program: it is left as it is.",
		WaysOut: []string{resetsNow, "make it a constant or a function", "restart"},
		Example: `
-var limit = 10
+var limit = 20
`, Avoids: `
+//gosplice:reset
-var limit = 10
+var limit = 20
`})

	InitFunction = rule(Rule{
		ID: "GS2005", Title: "an init function changed or is new", Verdict: "not run again", Scenario: "W05-init-edit",
		Reason:  "init functions ran when the program started. So did initialisers without a variable, such as var _ = register().",
		WaysOut: []string{runsNow, "move the code into a function that is called again", "restart"},
		Example: `
 func init() {
-	register("v1")
+	register("v2")
 }
`})

	RunsInit = rule(Rule{
		ID: "GS2006", Title: "a new variable has an initialiser that runs now", Verdict: "applies, initialised now", Scenario: "W06-new-global-dyninit",
		Reason:  "The initialiser runs once, before the switch, and sees the program as it is then: new code that it calls by name is that of the edit, while methods of interface values and func values that the program holds still run their old bodies. A rollback does not undo what it did, and it does not run again when the patch is applied again.",
		WaysOut: []string{"let the first use initialise it: sync.OnceValue"},
		Example: `
+var cache = newCache()
`})

	RunsPackage = rule(Rule{
		ID: "GS2007", Title: "a newly linked package is initialised now", Verdict: "applies, initialised now", Scenario: "W07-new-dep-init",
		Reason:  "Its variables are initialised and its init functions run once, before the switch: methods of interface values and func values that the program holds still run their old bodies then, and what they register stays after a rollback.",
		WaysOut: []string{"look at what the package does in init before you apply"},
		Example: `
+import _ "net/http/pprof"
`})

	OldClosures = rule(Rule{
		ID: "GS2008", Title: "closures made before keep their old body", Verdict: "applies to new closures", Scenario: "W08-closure-capture",
		Reason:  "A closure consists of code and of the variables that it captured. Closures that exist have the old variables, so they keep the old code, which is the release's, or that of the patch whose captures they have; those made from now on run the new one.",
		WaysOut: []string{"let the closure call a function with the variables that it had, and edit that function", "restart"},
		Example: `
 func maker(n, total int) func() string {
 	return func() string {
-		return fmt.Sprint(n)
+		return fmt.Sprint(n, total)
 	}
 }
`})

	ClosureMoved = rule(Rule{
		ID: "GS2009", Title: "a closure has another number, and was found again by what it is", Verdict: Warns, Scenario: "W09-closure-reorder",
		Reason: "Function literals are numbered, and an edit before them shifts the numbers. This one was found again by its text, or by the call or assignment that it stands in: closures that exist run the new body. Make sure that it is the one that you mean.",
		Example: `
+	handle("first", func() string { return "first" })
 	handle("hello", func() string { return "hello" })   // was func1, is func2
`})

	MethodUnseen = rule(Rule{
		ID: "GS2010", Title: "a type gains a method that type assertions do not see", Verdict: Warns, Scenario: "rule-method-unseen",
		Reason:  "Direct calls find the method. Type assertions, fmt and reflection look into the type's method table, which can't be exchanged in some cases: for generic types; if no pointer to the type had a method before; if a method changed its signature in the same edit; and for exported methods in programs that look methods up by reflection, as templates do.",
		WaysOut: []string{"call the method directly", "convert a new type that embeds the old one", "restart"},
		Example: `
+func (b *bare) String() string { return "bare" }     // the first method of bare
`})

	MethodRemembered = rule(Rule{
		ID: "GS2030", Title: "a type gains a method that packages may have looked for already", Verdict: Warns, Scenario: "rule-method-remembered",
		Reason:  "Type assertions and reflection find the method. Packages such as encoding/json look once whether a type has it and remember the answer: for a type that they have seen they go on without it.",
		WaysOut: []string{"marshal a new type that embeds the old one and has the method", "restart"},
		Example: `
+func (p price) MarshalJSON() ([]byte, error) { return p.cents() }
`})

	EnumShift = rule(Rule{
		ID: "GS2011", Title: "constants that are counted up changed their values", Verdict: Warns, Scenario: "W11-iota-shift",
		Reason:  "Values in memory, in files and on other machines keep their numbers, which new code takes for other constants.",
		WaysOut: []string{"add new constants at the end of the list"},
		Example: `
 const (
 	red colour = iota
+	yellow
 	green                // was 1, is 2
 )
`})

	WideInline = rule(Rule{
		ID: "GS2012", Title: "a function changed that very many inline", Verdict: "applies, with its callers", Scenario: "W12-wide-inline",
		Reason:  "All that inline it are replaced, in one switch: a small edit with a wide reach, over 200 functions or 20 packages.",
		WaysOut: []string{"mark it //go:noinline in the next build, and later edits stay small"},
		Example: `
-func One() int { return 1 }    // inlined in 210 functions of 21 packages
+func One() int { return 2 }
`})

	EmbedKept = rule(Rule{
		ID: "GS2013", Title: "embedded content changed", Verdict: Keeps, Scenario: "W13-embed-change",
		Reason:  "An embedded file is the initial value of a variable. The variable exists, and its value in the running program is left as it is.",
		WaysOut: []string{resetsNow, "embed the file under another name and read that", "restart"},
		Example: `
 //go:embed greeting.txt          (the file changed)
 var greeting string
`, Avoids: `
+//gosplice:reset
 //go:embed greeting.txt          (the file changed)
 var greeting string
`})

	StartsGoroutine = rule(Rule{
		ID: "GS2014", Title: "a function starts goroutines that it did not start before", Verdict: Warns, Scenario: "W14-endless-goroutine",
		Reason:  "A goroutine runs the code that it was started with until it returns: a rollback does not end it.",
		WaysOut: []string{"give the goroutine a way to end: a context or a channel that is closed"},
		Example: `
 func handle() {
+	go tick()
 }
`})

	OldInstances = rule(Rule{
		ID: "GS2015", Title: "calls in flight of a generic function keep the old body", Verdict: Warns, Scenario: "A23-generic-body",
		Reason:  "Generic code gets a dictionary of what it needs of its type arguments, and the edit needs something else of them. Callers that are replaced pass the new dictionary to the new body; calls in flight finish in the old body with the old one.",
		WaysOut: []string{"add a function under another name, and leave this one"},
		Example: `
 func show[T any](v T) string {
-	return fmt.Sprint(len(name[T]()))
+	return fmt.Sprint(any(v))
 }
`})

	WaitsForCallers = rule(Rule{
		ID: "GS2017", Title: "a function keeps, writes to or calls more of its arguments than before", Verdict: "applies, once no caller is inside", Scenario: "unsafe-escape-kept",
		Reason:  "The compiler puts what a function does not keep on the stacks of its callers. If the new body keeps it, or writes to it or calls it, old bodies that may pass it memory of their stacks must be gone, at whatever distance: the switch waits until no goroutine is inside one, and gives up after 5 s, or what --wait says, if one stays.",
		WaysOut: []string{"store a copy", "do it in a new function"},
		Example: `
 func seen(p *point) {
-	total += p.x
+	last = p
 }
`, Avoids: `
 func seen(p *point) {
-	total += p.x
+	c := *p
+	last = &c
 }
`})

	FieldNameSeen = rule(Rule{
		ID: "GS2034", Title: "reflection sees the old name of a renamed field", Verdict: Warns, Scenario: "fields01-renamed",
		Reason:  "The running program's description of the type stays, with the old name. What looks at values by way of it, such as encoding/json without a tag, fmt with %+v, and templates, writes and finds the old name until the program is restarted.",
		WaysOut: []string{"give the field a tag at the next restart, and rename it then", "keep the old name where encoders write it"},
		Example: `
 type reply struct {
-	Nick  string             // json.Marshal(reply{}) goes on to write "Nick"
+	Alias string
 }
`})

	Spins = rule(Rule{
		ID: "GS2035", Title: "a loop without end begins in the first bytes of a function", Verdict: "applies while nobody is inside", Scenario: "loop-spins",
		Reason:  "The loop begins in the bytes that the jump to the new body takes, so the jump is written when no goroutine is inside. No way leads out of the loop: while one is in it the patch is refused.",
		WaysOut: []string{"restart"},
		Example: `
 func spin() {        // started with go
 	for {
-		step()       // small, compiled into the loop
+		step(1)
 	}
 }`})

	WayBackWaits = rule(Rule{
		ID: "GS2031", Title: "going back may have to wait for calls of the patch", Verdict: Warns, Scenario: "kept-way-back",
		Reason:  "Code of the patch may have on its stack what the release keeps. After going back it still calls the functions that the patch has for itself; but of one that can't be exchanged it has none, and would call the release's; and so does a func value in a captured variable. A rollback waits until no goroutine is inside such code, and is refused if one stays.",
		WaysOut: []string{"edit the function too, or what it calls in another way", "go back with rollback --wait 10m"},
		Example: `
 func seen(p *point) {
-	last = p
+	total += p.x
 }

 //go:nosplit
 func note(p *point) { seen(p) }          // as before, and can't be exchanged
`})

	SignatureSplit = rule(Rule{
		ID: "GS2037", Title: "a signature changed while something holds the function", Verdict: Warns, Scenario: "signature01-held",
		Reason:  "All calls of the function by its name change with it. What holds it other than by its name, a variable, a map of handlers, a method table, goes on with the old body and the old arguments: a func value of the old type can't lead to a body with another signature.",
		WaysOut: []string{"where what holds it has to run the new code, keep the signature, or set the variable again from code that runs after the patch", "restart"},
		Example: `
-func (c client) Clear(now int64)            // in c's method table, called directly
+func (c client) Clear()
`})

	MethodStays = rule(Rule{
		ID: "GS2018", Title: "a type loses a method that type assertions still find", Verdict: Warns, Scenario: "rule-method-gone",
		Reason:  "New code does not call it. Type assertions, fmt, encoding packages and reflection look into the type's method table, which keeps it: they run its old body until the program is restarted.",
		WaysOut: []string{"keep the method, and let it do what is right without it", "restart"},
		Example: `
-func (c coin) String() string { return "coin" }
`})

	ConfinedLayout = rule(Rule{
		ID: "GS2020", Title: "a type is laid out anew, and none of its values outlives a call", Verdict: "applies, once no call is inside", Scenario: "confined01-applies",
		Reason:  "Values of this type are in local variables alone: no package variable, no memory on the heap, no interface, map, channel or closure of the running program holds one or leads to one, which is proven. The switch waits until no goroutine is inside a function that handles them, and gives up after some seconds if one stays. The same holds for going back.",
		WaysOut: []string{"apply again when those calls have returned, if it gives up"},
		Example: `
 type cursor struct {          // only used by value, or by pointers to local variables
 	line int
+	column int
 }
`})

	DependencyMoved = rule(Rule{
		ID: "GS2019", Title: "a dependency has another version, which was allowed", Verdict: Applies, Scenario: "R18-dep-drift",
		Reason: "It comes along because the command says so. What changed in it is judged like any other edit.",
		Example: `
-require example.com/dep v1.0.0
+require example.com/dep v1.1.0
`})
)
