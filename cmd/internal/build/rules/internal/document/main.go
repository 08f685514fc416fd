// Document writes the document of all rules to the file that it is given.
package main

import (
	"log"
	"os"

	"github.com/gosplice/gosplice/cmd/internal/build/rules"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: document FILE")
	}
	if err := os.WriteFile(os.Args[1], []byte(rules.Markdown()), 0o644); err != nil {
		log.Fatal(err)
	}
}
