//go:build splicefaults

package main

import "github.com/gosplice/gosplice/internal/live/splice"

func failWrite(span int) { splice.FailWrite(span) }

func skipUnframed() bool { splice.SkipUnframed(); return true }
