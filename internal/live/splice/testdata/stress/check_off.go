//go:build splicefaults

package main

import "github.com/gosplice/gosplice/internal/live/splice"

func breakCheck() { splice.SkipEntryCheck() }
