package goobj

import "testing"

// Sets that share archives through a cache are like those that read them for themselves, and closing
// one takes nothing from the next.
func TestCachedSetsAgree(t *testing.T) {
	plain := loadBy(t, "", "fmt", func(s *Set, src Source) error { return s.Load(src) })
	defer plain.Close()
	if err := plain.ResolveLazily(nil); err != nil {
		t.Fatal(err)
	}
	want := fingerprints(plain)
	if len(want) == 0 {
		t.Fatal("no symbols")
	}
	cache := NewCache()
	for round := range 3 {
		set := loadBy(t, "", "fmt", func(s *Set, src Source) error { return s.LoadFrom(cache, src) })
		if err := set.ResolveLazily(nil); err != nil {
			t.Fatal(err)
		}
		got := fingerprints(set)
		for n, f := range want {
			if got[n] != f {
				t.Fatalf("round %d: %s has another fingerprint", round, n)
			}
		}
		set.Close()
		cache.Sweep()
	}
	if len(cache.entries) == 0 {
		t.Error("the cache kept nothing of what was used last")
	}
	if cache.Sweep(); len(cache.entries) > 0 {
		t.Errorf("%d archives stay that nobody uses", len(cache.entries))
	}
}

// Names that are not where they seem to belong are found through the hashes of names as they are by
// entering every object, also when references to them were content with less.
func TestHoldersAreFound(t *testing.T) {
	known := func(Name) bool { return true }
	for name, elsewhere := range map[string]func(Name) bool{"by all": nil, "by lookups alone": known} {
		t.Run(name, func(t *testing.T) { checkHolders(t, elsewhere) })
	}
}

func checkHolders(t *testing.T, elsewhere func(Name) bool) {
	cache := NewCache()
	defer cache.Close()
	set := loadBy(t, "", "fmt", func(s *Set, src Source) error { return s.LoadFrom(cache, src) })
	defer set.Close()
	if err := set.ResolveLazily(elsewhere); err != nil {
		t.Fatal(err)
	}
	if elsewhere != nil {
		for _, pkg := range []string{"sync", "internal/sync", "time", "os"} {
			for y := range set.Definitions(set.byPkg[pkg][0]) {
				for range set.Relocs(y) {
				}
			}
		}
		if len(set.undef) == 0 {
			t.Fatal("no reference was content with less than a definition")
		}
	}
	const missing = "sync/atomic.(*Pointer[go.shape.struct {}]).Load"
	if _, ok := set.Lookup(missing, ABIInternal); ok {
		t.Fatalf("%s is defined: choose another name that is not", missing)
	}
	if set.all {
		t.Error("every object was entered for a name that none has")
	}
	plain := load(t, "fmt")
	for _, o := range plain.Objects {
		for y := range plain.Definitions(o) {
			n := plain.NameOf(y)
			_, want := plain.Lookup(n.Name, n.ABI)
			if _, ok := set.Lookup(n.Name, n.ABI); ok != want {
				t.Fatalf("%v is found %t, in a set of which every object was entered it is %t", n, ok, want)
			}
		}
	}
}

func fingerprints(s *Set) map[Name]Fingerprint {
	out := map[Name]Fingerprint{}
	prints := NewFingerprinter(s)
	for _, o := range s.Objects {
		for y := range s.Definitions(o) {
			if n := s.NameOf(y); n.Name != "" && n.ABI != ABIStatic {
				if _, twice := out[n]; !twice {
					out[n] = prints.Of(y)
				}
			}
		}
	}
	return out
}
