// Package rules passes the verdict on each change of an edit: a stable ID, the reason, the way out.
package rules

import (
	"slices"
	"strings"
)

// Rule is one kind of verdict. IDs are never reused: GS1xxx applies, GS2xxx applies with a
// warning, GS3xxx is refused.
type Rule struct {
	ID    string
	Title string
	// Verdict is the word that a plan shows.
	Verdict string
	// Reason says what happens and why, for any edit of the kind; a plan says it of the edit at hand.
	Reason string
	// WaysOut are what can be done instead, each a clause.
	WaysOut []string
	// Example is a small edit of the kind, in the form of a diff.
	Example string
	// Avoids is an edit for the same end that does not get the verdict, in the form of a diff; empty where no edit is.
	Avoids string
	// Scenario is the file of cmd/internal/test/corpus/testdata, without its ending, in which a plan gives this verdict.
	Scenario string
}

// Verdicts of plans.
const (
	Applies = "applies"
	Warns   = "applies, with a warning"
	Keeps   = "keeps its live value"
	Refused = "refused"
)

// table holds all rules; each enters itself by rule.
var table []Rule

func rule(r Rule) Rule {
	r.Example, r.Avoids = strings.Trim(r.Example, "\n"), strings.Trim(r.Avoids, "\n")
	table = append(table, r)
	return r
}

// All lists the rules by ID.
func All() []Rule {
	return slices.SortedFunc(slices.Values(table), func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
}

// Find looks a rule up by its ID, in letters of either case.
func Find(id string) (Rule, bool) {
	i := slices.IndexFunc(table, func(r Rule) bool { return strings.EqualFold(r.ID, id) || r.ID == "GS"+id })
	if i < 0 {
		return Rule{}, false
	}
	return table[i], true
}

// Kind says what the ID of a rule stands for.
func (r Rule) Kind() string {
	switch {
	case strings.HasPrefix(r.ID, "GS1"):
		return "applies"
	case strings.HasPrefix(r.ID, "GS2"):
		return "applies, with a warning"
	}
	return "refused"
}
