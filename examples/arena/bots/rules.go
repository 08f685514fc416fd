package bots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The rules of the arena whose versions can be told apart from outside.
const (
	TickRule   = "tick"
	DamageRule = "damage"
	ChatRule   = "chat"
)

// energyOfTick is what one tick gives, by version of the rule.
var energyOfTick = map[int]int{1: 1, 2: 3}

// damageOf is what a blow does, by version of the rule.
var damageOf = map[int]func(power, armour int) int{
	1: func(power, armour int) int { return max(power-armour, 1) },
	2: func(power, armour int) int {
		if power > 2*armour {
			return power
		}
		return max(power-armour, 1)
	},
}

// phrase is something that bots say, and what is to be heard of it by version of the rule.
type phrase struct {
	said  string
	heard map[int]string
}

var phrases = []phrase{
	{"well struck", map[int]string{1: "well struck", 2: "well struck"}},
	{" who has a potion? ", map[int]string{1: "who has a potion?", 2: "who has a potion?"}},
	{"FREE GOLD for everybody", map[int]string{1: "FREE GOLD for everybody", 2: "a song for everybody"}},
	{"want cheap gems?", map[int]string{1: "want cheap gems?", 2: "want a story?"}},
}

// heardUnder says whether any phrase reads like text under a version of the rule.
func heardUnder(version int, text string) bool {
	return slices.ContainsFunc(phrases, func(p phrase) bool { return p.heard[version] == text })
}

// Sighting is one version of one rule that answers came from.
type Sighting struct {
	Rule    string
	Version int
	First   time.Time // since the server last went back to it
	Last    time.Time
	Answers int64
}

func (s Sighting) String() string {
	return fmt.Sprintf("%s rule, version %d: in %d answers", s.Rule, s.Version, s.Answers)
}

// sightings collects them, for all bots.
type sightings struct {
	mu   sync.Mutex
	seen map[ruleVersion]*Sighting
	// backs counts, by rule, how often going back was announced.
	backs map[string]int
}

type ruleVersion struct {
	rule    string
	version int
}

func newSightings() *sightings {
	return &sightings{seen: map[ruleVersion]*Sighting{}, backs: map[string]int{}}
}

func (s *sightings) of(rule string, version int) (Sighting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.seen[ruleVersion{rule, version}]
	if one == nil || one.First.IsZero() {
		return Sighting{}, false
	}
	return *one, true
}

func (s *sightings) all() []Sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Sighting
	for _, one := range s.seen {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Sighting) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), a.Version-b.Version)
	})
	return all
}

func (s *sightings) goesBack(rule string, version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backs[rule]++
	if one := s.seen[ruleVersion{rule, version}]; one != nil {
		one.First = time.Time{}
	}
}

// add notes that an answer came from a version.
func (s *sightings) add(rule string, version int) (backs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	one := s.seen[ruleVersion{rule, version}]
	if one == nil {
		one = &Sighting{Rule: rule, Version: version}
		s.seen[ruleVersion{rule, version}] = one
	}
	if one.First.IsZero() {
		one.First = now
	}
	one.Last = now
	one.Answers++
	return s.backs[rule]
}
