package splice

import "fmt"

// NoPlugins reports a plugin that the program has opened. Its code holds inlined copies of the program's
// functions, of which nobody knows, so that a patch would not reach them.
func (e *Engine) NoPlugins() error {
	for m := e.at.word(e.vars.firstModule, "next"); m != 0; m = e.at.word(m, "next") {
		if e.regionOf(m) == nil {
			return fmt.Errorf("the program has opened a plugin, whose code may hold copies of what the patch changes: change the plugin's version instead, or restart")
		}
	}
	return nil
}
