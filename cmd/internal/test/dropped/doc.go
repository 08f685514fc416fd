// Package dropped has no code. Its tests bring back the package variables that a program's linker dropped, one by one, and
// compare each with its value in a program whose linker had kept it.
package dropped
