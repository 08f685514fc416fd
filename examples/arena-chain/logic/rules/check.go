package rules

import "fmt"

// Check says what is wrong with the tables of this version.
func Check() error {
	for kind, power := range weapons {
		if power < 2 {
			return fmt.Errorf("a %s has power %d: a weapon has 2 or more", kind, power)
		}
	}
	return nil
}
