package rules

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	b, err := os.ReadFile("../../../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != Markdown() {
		t.Error("docs/rules.md is not what the rules say: go generate ./cmd/internal/build/rules")
	}
}

// TestAvoids: each edit that avoids a verdict stands in a scenario, beside one that gets it.
func TestAvoids(t *testing.T) {
	scenario, err := os.ReadFile("../../test/corpus/testdata/avoids01-edits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range All() {
		for _, line := range []string{"edit gets-" + r.ID + "\n", "edit avoids-" + r.ID + "\n", "plan applies !" + r.ID + "\n"} {
			if strings.Contains(string(scenario), line) != (r.Avoids != "") {
				t.Errorf("%s and the scenario differ in %q", r.ID, line)
			}
		}
	}
}

// TestTable: each rule can be told apart and explains itself.
func TestTable(t *testing.T) {
	id := regexp.MustCompile(`^GS[123]\d{3}$`)
	ids, titles := map[string]bool{}, map[string]bool{}
	for _, r := range All() {
		switch {
		case !id.MatchString(r.ID):
			t.Errorf("%q is no ID", r.ID)
		case ids[r.ID] || titles[r.Title]:
			t.Errorf("%s %q is there twice", r.ID, r.Title)
		case r.Title == "" || r.Verdict == "" || r.Example == "" || r.Scenario == "":
			t.Errorf("%s lacks something: %+v", r.ID, r)
		case !strings.HasSuffix(r.Reason, "."):
			t.Errorf("%s has no whole sentences for a reason: %q", r.ID, r.Reason)
		case r.Kind() == Refused && len(r.WaysOut) == 0:
			t.Errorf("%s refuses and shows no way out", r.ID)
		case (r.Kind() == Refused) != (r.Verdict == Refused):
			t.Errorf("%s is %s, and its verdict is %q", r.ID, r.Kind(), r.Verdict)
		}
		ids[r.ID], titles[r.Title] = true, true
		for _, w := range r.WaysOut {
			if strings.HasSuffix(w, ".") || w == "" {
				t.Errorf("%s: way out %q is no clause", r.ID, w)
			}
		}
		for line := range strings.SplitSeq(r.Example+"\n"+r.Avoids, "\n") {
			if line != "" && !strings.Contains(" +-", line[:1]) {
				t.Errorf("%s: line %q of the example is no line of a diff", r.ID, line)
			}
		}
	}
}
