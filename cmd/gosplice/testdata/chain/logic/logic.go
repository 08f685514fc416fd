// Package logic is what comes anew with each version.
package logic

import (
	_ "embed"
	"fmt"
	"strings"

	"ex.com/game/api"
	"ex.com/game/logic/rules"
	"ex.com/game/model"
)

//go:embed greeting.txt
var greeting string

var count int

type thing struct{ Size int }

// Entry makes the functions of this version.
func Entry(prev *api.Table) (*api.Table, error) {
	if prev != nil {
		fmt.Println("before:", prev.Name())
	}
	return &api.Table{
		Name: func() string { return strings.TrimSpace(greeting) + " " + rules.Mark },
		Hit: func(p *model.Player, n int) string {
			model.Hits++
			p.HP -= rules.Damage(n)
			return fmt.Sprint(p.HP)
		},
		Count: func() int { count++; return count },
		Stay: func(entered chan<- bool, leave <-chan bool) string {
			entered <- true
			<-leave
			return "stayed in " + rules.Mark
		},
		Make: func() any { return thing{1} },
	}, nil
}
