// Package chainfigures has no code. It measures what a chain costs, and swaps plugins under load: testdata/program is a
// program with a chain, whose logic is loaded in many versions.
package chainfigures
