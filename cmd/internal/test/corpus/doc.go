// Package corpus holds the kinds of edit that gosplice has to judge, each as a text file in
// testdata that is run for real: the program is built from "before", started and driven; the patch is
// made from "after" and applied or refused; what the process then does is compared with what the
// file states.
//
// A file is a txtar archive. Its files make up the program; those below "after/" (or any other
// name that an edit command gives) replace or add files of the edited tree. A file named
// "after/NAME.delete" deletes NAME. The program's main package has no main function: it has
//
//	func start()                    // called once
//	func handle(req string) string  // answers one request
//
// It may call oneOf(got, answers...), which panics when got is not among the answers, and overwrite(), which
// collects garbage and writes over the stacks that are free. handle("load") is called by several goroutines at
// once, for ever, in the states with load: it should use what the edit changes, and see to it that every answer is
// one that some version gives.
// Scenarios A and W are run in all states, others with load only if "load" occurs in the program.
//
// The comment at the top is prose, then a line "script:", then commands, one a line:
//
//	call REQUEST = ANSWER     send a request, compare the answer
//	call REQUEST ~ REGEXP     send a request, match the answer
//	edit NAME                 take the edited tree NAME; "-" is the original
//	plan VERDICT [WORD ...]   applies, refused or empty, and words that the changes have, or !lack
//	                          (ONE|OTHER where that depends on the Go release); or "error TEXT"
//	patch [VERSION]           make the patch file
//	apply [VERDICT TEXT]      apply it; with a verdict "refused" or "failed" the error must hold TEXT, and the switch
//	                          waits 300 ms, not 5 s, for goroutines to leave old code
//	rollback [TO]             one version back, or to a version
//	toggle N                  to the release and back to the version that runs, N times
//	redirected NAME ...       exactly these functions lead to new bodies
//	old N                     N goroutines are still in old code
//	stay N                    N of them can't leave it
//	inside TEXT               the last apply was given up because of goroutines; they hold TEXT, such as
//	                          "main.f main.go:12" or "main.f never"
//	wait TEXT                 status shows a goroutine in old function TEXT
//
// A command behind [go1.26] is run with Go releases from that on, one behind [!go1.26] with those before.
//
// And, where a scenario needs them:
//
//	says TEXT                 the last plan holds TEXT
//	warns TEXT                the last apply or rollback warned of TEXT, or of "nothing"
//	nopatch                   no patch can be made of the last plan
//	quiesce TIME [...]        like apply, when no goroutine is inside a replaced function
//	limited TIME [...]        like apply, with that much time for each hook and initialiser
//	norollback TO TEXT        there is no going to version TO; the error holds TEXT
//	begin                     start to apply, and go on; the patch is kept
//	end [VERDICT TEXT]        the apply that was begun has ended
//	process [NAME [FLAG ...]] start the program anew, or that of tree NAME, built with the flags, instead
//	norecord NAME FLAG ... = TEXT  no record is made of such a program; the error holds TEXT
//	stdlib FILE OLD => NEW    edit a file of the standard library, for the plans that follow; \n in NEW begins a line
//	installed                 the rest needs a Go that is installed, not downloaded by the go command
//	dependencies [MODULE ...] dependencies may have moved, all or these, for the plans that follow
//	directives [FLAG VALUE .] --reset, --renamed and --fresh of variables, for the plans that follow; without any, none
//	earlier VERSION           take that patch, made before
//	loaded N [in M]           N patches are in memory, in M images
//	forget MODULE@VERSION     is neither in the module cache nor to be downloaded any more (TestModules)
//	damage MODULE@VERSION A B has B in its Go files where it had A (TestModules)
//
// A file go.mod is added to the one that every program has. A file vendor/modules.txt asks for go mod vendor. A file whose name holds {1-N} stands
// for N files, with the number in its name and for {n} in its content.
package corpus
