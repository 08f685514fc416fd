//go:build !linux

package agent

func moreRights() string { return "" }

func startedSecurely() bool { return false }

func manyAreNobody() bool { return false }

func keptFromUser() bool { return false }

func (p peer) laidDown() string { return "" }
