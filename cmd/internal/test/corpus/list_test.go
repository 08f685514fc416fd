package corpus

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
)

// corpus is the list of the kinds of edit that have to be judged, each with a line that its script must
// hold: the verdict, and the rule where one states it. A applies, W applies with a warning, R is refused.
var corpus = map[string]string{
	"A01-body-string":       "plan applies GS1001",
	"A02-body-bounds":       "plan applies GS1001",
	"A03-method-ptr":        "plan applies GS1001",
	"A04-method-val":        "plan applies GS1008",
	"A05-iface-held":        "plan applies GS1008|GS1001",
	"A06-methodvalue-held":  "plan applies GS1001",
	"A07-funcvalue-held":    "plan applies GS1001",
	"A08-inlined-leaf":      "plan applies GS1008",
	"A09-inline-flip-in":    "plan applies GS1008",
	"A10-inline-flip-out":   "plan applies GS1008",
	"A11-new-func":          "plan applies GS1001 GS1011",
	"A12-new-func-xpkg":     "plan applies GS1011",
	"A13-new-type":          "plan applies GS1013",
	"A14-new-method":        "plan applies GS1014",
	"A15-new-global-const":  "plan applies GS1015",
	"A16-const-edit":        "plan applies GS1016",
	"A17-new-closure-nocap": "plan applies GS1001",
	"A18-closure-samecap":   "plan applies !GS2008",
	"A19-defer-recover":     "plan applies GS1001 GS1011",
	"A20-loop-callee":       "plan applies GS1001",
	"A21-stack-grow":        "plan applies GS1001",
	"A22-new-goroutine":     "plan applies GS1001",
	"A23-generic-body":      "plan applies GS1008 !GS2015",
	"A24-generic-newinst":   "plan applies GS1001",
	"A25-import-linked":     "plan applies GS1008 !GS1026 !GS2007",
	"A26-import-deadcoded":  "plan applies GS1008 !GS2007",
	"A27-reflect-json":      "plan applies GS1008",
	"A28-signature-closed":  "plan applies GS1028 !GS3007",
	"A29-tiny-func":         "plan applies GS1001",
	"A30-promoted-method":   "plan applies GS1008",
	"A31-line-shift":        "plan empty",
	"A32-revert-edit":       "plan empty",
	"A33-entry-loop":        "plan applies GS1001",

	"W01-on-stack-loop":      "plan applies GS1001 main.serve",
	"W02-atomic-pair":        "plan applies main.encode main.decode GS2002",
	"W03-lock-order":         "plan applies GS2003 main.both",
	"W04-global-init-edit":   "plan empty GS2004 main.limit vars.go:5",
	"W05-init-edit":          "plan applies GS2005 main.init.0 main.version",
	"W06-new-global-dyninit": "plan applies GS2006 main.cache main.first main.second",
	"W07-new-dep-init":       "plan applies GS2007 scenario/fancy",
	"W08-closure-capture":    "plan applies GS2008 main.maker.func1",
	"W09-closure-reorder":    "plan applies GS2009",
	"W10-iface-by-method":    "plan applies GS2010 main.bare.name",
	"W11-iota-shift":         "plan applies GS2011 main.blue",
	"W12-wide-inline":        "plan applies GS2012 leaf.One",
	"W13-embed-change":       "plan applies GS2013 main.greeting main.version",
	"W14-endless-goroutine":  "plan applies GS2014 main.handle",

	"R01-field-insert":     "plan refused GS3001 main.player player.go:3 Instead",
	"R02-field-reorder":    "plan refused GS3002 main.account main.go:5 Instead",
	"R03-field-type":       "plan refused GS3003 main.sensor sensor.go:5 Instead",
	"R04-field-remove":     "plan refused GS3004 main.user user.go:5 Instead",
	"R05-array-len":        "plan refused GS3005 main.hand cards.go:5 Instead",
	"R06-tag-change":       "plan refused GS3006 main.reply main.go:5 Instead",
	"R07-signature-open":   "plan refused GS3010 main.ops ops.go:8 Instead",
	"R08-iface-add-method": "plan refused GS3008 main.animal animal.go:5 Instead",
	"R09-receiver-kind":    "plan refused GS3009 main.coin.worth Instead",
	"R10-global-type":      "plan refused GS3010 main.total vars.go:5 Instead",
	"R11-global-rename":    "plan refused GS3011 main.count main.go:5 Instead",
	"R12-main-only":        "plan refused GS3012 main.main",
	"R13-runtime-edit":     "plan refused GS3013 runtime/debug",
	"R14-asm-edit":         "plan refused GS3014 add_amd64.s Instead",
	"R15-cgo-edit":         "plan refused GS3015 c.go",
	"R16-wrong-base":       "apply refused wrong-base",
	"R17-toolchain":        "apply refused wrong-base",
	"R18-dep-drift":        "plan refused GS3018 corpus.example/dep",
	"R19-order":            "apply refused in-progress",
	"R20-unload-in-use":    "loaded 1",
}

// TestList: every kind of edit of the list is there, with the verdict that the list states. What a
// script states is checked when it runs.
func TestList(t *testing.T) {
	if len(corpus) != 67 {
		t.Errorf("the list has %d kinds of edit", len(corpus))
	}
	for name, line := range corpus {
		s, err := scenario.Read(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Error(err)
			continue
		}
		var lines []string
		states := map[string]bool{}
		for _, c := range s.Script {
			lines = append(lines, strings.TrimSpace(c.Verb+" "+c.Rest))
			if c.Verb == "plan" {
				verdict, _, _ := strings.Cut(c.Rest, " ")
				states[verdict] = true
			}
		}
		if !slices.Contains(lines, line) {
			t.Errorf("%s does not state %q", name, line)
		}
		switch name[0] {
		case 'A':
			if states["refused"] {
				t.Errorf("%s states that an edit is refused", name)
			}
		case 'W':
			shown := strings.Contains(line, " GS2") || slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "wait ") })
			if !states["applies"] || !shown {
				t.Errorf("%s does not state an edit that applies with a warning", name)
			}
		}
	}
	paths, _ := filepath.Glob(filepath.Join("testdata", "[AWR][0-9]*.txtar"))
	if len(paths) != len(corpus) {
		t.Errorf("testdata holds %d files with names of the list", len(paths))
	}
}

// TestRulesAreSeen: each rule is stated by the plan of the scenario that the rule names.
func TestRulesAreSeen(t *testing.T) {
	for _, r := range rules.All() {
		s, err := scenario.Read(filepath.Join("testdata", r.Scenario+".txtar"))
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		if !slices.ContainsFunc(s.Script, func(c scenario.Command) bool {
			words := strings.FieldsFunc(c.Rest, func(c rune) bool { return c == ' ' || c == '|' })
			return c.Verb == "plan" && slices.Contains(words, r.ID)
		}) {
			t.Errorf("%s: no plan of %s states it", r.ID, r.Scenario)
		}
	}
}
