package rules

import (
	"fmt"
	"strings"
)

//go:generate go run ./internal/document ../../../../docs/rules.md

// Markdown is the document of all rules, a section each.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`<!-- Written by go generate ./cmd/internal/build/rules from the rules themselves. -->

# Verdicts

What ` + "`gosplice plan`" + ` says of each kind of edit. ` + "`gosplice explain ID`" + ` prints the same. IDs are never given to another kind.
Each was seen in a program that ran: the scenario is the file of that name in ` + "`cmd/internal/test/corpus/testdata`" + `.

| ID | the edit | the plan says |
|---|---|---|
`)
	for _, r := range All() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, strings.ToLower(r.ID), r.Title, r.Verdict)
	}
	kinds := map[string]string{Applies: "Applies", Warns: "Applies, with a warning", Refused: "Refused"}
	kind := ""
	for _, r := range All() {
		if r.Kind() != kind {
			kind = r.Kind()
			fmt.Fprintf(&b, "\n## %s\n", kinds[kind])
		}
		fmt.Fprintf(&b, "\n### %s\n\n**%s**: %s.\n\n%s\n", r.ID, sentence(r.Title), r.Verdict, r.Reason)
		if len(r.WaysOut) > 0 {
			b.WriteString("\nInstead:\n\n")
			for _, w := range r.WaysOut {
				fmt.Fprintf(&b, "- %s\n", w)
			}
		}
		fmt.Fprintf(&b, "\n```diff\n%s\n```\n", r.Example)
		if r.Avoids != "" {
			fmt.Fprintf(&b, "\nWithout this verdict:\n\n```diff\n%s\n```\n", r.Avoids)
		}
		fmt.Fprintf(&b, "\nScenario: `%s`\n", r.Scenario)
	}
	return b.String()
}

// sentence is a title at the start of a sentence.
func sentence(title string) string { return strings.ToUpper(title[:1]) + title[1:] }
