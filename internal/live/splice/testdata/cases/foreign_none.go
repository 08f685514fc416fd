//go:build !foreign

package main

import "github.com/gosplice/gosplice/internal/live/splice/testdata/locate"

func scanForeign(*locate.Program) { skip("built without the tag foreign") }
