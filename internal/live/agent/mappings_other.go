//go:build !linux

package agent

// hasMappings knows of no limit on how many there are.
func hasMappings() error { return nil }
