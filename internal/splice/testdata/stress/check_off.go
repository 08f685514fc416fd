//go:build splicefaults

package main

import "github.com/gosplice/gosplice/internal/splice"

func breakCheck() { splice.SkipEntryCheck() }
