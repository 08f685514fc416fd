// Package load opens plugins.
package load

import (
	"log"
	"plugin"
)

func init() { log.SetFlags(0) }

// Open opens a plugin, and ends the program when that does not work.
func Open(file string) *plugin.Plugin {
	p, err := plugin.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	return p
}

// Symbol looks up what is of the type T, such as a function, or of *T, such as a variable.
func Symbol[T any](p *plugin.Plugin, name string) T {
	s, err := p.Lookup(name)
	if err != nil {
		log.Fatal(err)
	}
	return s.(T)
}
