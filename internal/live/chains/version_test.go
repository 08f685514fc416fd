package chains

import "testing"

func TestOrderOfVersions(t *testing.T) {
	ascending := []string{"0.0.1", "0.9.9", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-dev.2", "1.0.0-dev.10", "1.0.0-rc.1", "1.0.0", "1.0.1", "2.0.0"}
	for i, a := range ascending {
		if err := CheckVersion(a); err != nil {
			t.Error(err)
		}
		for j, b := range ascending {
			got, want := CompareVersions(a, b), 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got != want {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
	for _, v := range []string{"", "1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-a..b", "1.0.0+x", "1.0.0/..", "99999999999.0.0"} {
		if CheckVersion(v) == nil {
			t.Errorf("%q is taken for a version", v)
		}
	}
	for _, n := range []string{"", "Game", "1game", "a-b", "a/b", "a.b", "a b", "é", "a23456789012345678901234567890123"} {
		if CheckName(n) == nil {
			t.Errorf("%q is taken for a name", n)
		}
	}
}

func TestNextDev(t *testing.T) {
	for v, want := range map[string]string{"": "0.0.1-dev.1", "1.0.1": "1.0.2-dev.1", "1.0.2-dev.1": "1.0.2-dev.2", "1.0.2-dev.9": "1.0.2-dev.10", "1.0.2-rc.3": "1.0.3-dev.1"} {
		got := NextDev(v)
		if got != want || CheckVersion(got) != nil || v != "" && CompareVersions(got, v) <= 0 {
			t.Errorf("after %q comes %q", v, got)
		}
	}
}
