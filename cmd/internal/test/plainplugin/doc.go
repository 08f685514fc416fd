// Package plainplugin has no code. Its tests show what Go's plugin package does by itself, on the Go release
// that runs them: testdata/script has one small program for each of the things that
// docs/plugin-notes.md says.
package plainplugin
