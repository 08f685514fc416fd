// Package resilience holds the tests that nothing is lost when things go wrong: patches for another
// build, damaged and hostile files, full disks, no memory, denied writes, killed clients, clients
// that ask at the same time, edits that do not compile, initialisers that panic or block. They use the
// real command and a real program, testdata/host, whose workers ask for answers all the time and check
// each one. In each case the command has to say in one line what is wrong and what to do, with the right
// exit code, and the program has to run on as it was.
//
// The tests take about a minute. GOSPLICE_RESILIENCE=long makes them try much more; -short
// leaves them out.
package resilience
