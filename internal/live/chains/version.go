package chains

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CheckVersion says whether v can be a version: 1.0.2 or 1.0.2-rc.1, as in semantic versioning.
func CheckVersion(v string) error {
	if len(v) > 64 || !isVersion(v) {
		return fmt.Errorf("%.80q is no version: write it as 1.0.2 or 1.0.2-rc.1", v)
	}
	return nil
}

// isVersion does without package regexp, which no program should have to link for this.
func isVersion(v string) bool {
	numbers, pre, has := strings.Cut(v, "-")
	parts := strings.Split(numbers, ".")
	if len(parts) != 3 || slices.ContainsFunc(parts, isNoNumber) {
		return false
	}
	return !has || !slices.ContainsFunc(strings.Split(pre, "."), isNoWord)
}

// isNoNumber says whether s is not 0, nor up to nine digits without a leading zero.
func isNoNumber(s string) bool {
	return s == "" || len(s) > 9 || s[0] == '0' && s != "0" || strings.Trim(s, digits) != ""
}

// isNoWord says whether s is empty or holds anything but letters and digits.
func isNoWord(s string) bool {
	return s == "" || strings.Trim(s, digits+small+strings.ToUpper(small)) != ""
}

const (
	digits = "0123456789"
	small  = "abcdefghijklmnopqrstuvwxyz"
)

// CheckName says whether name can be the name of a chain.
func CheckName(name string) error {
	if name == "" || len(name) > 32 || !strings.Contains(small, name[:1]) || strings.Trim(name, small+digits+"_") != "" {
		return fmt.Errorf("%.80q can't be the name of a chain: take up to 32 small letters, digits and _, a letter first", name)
	}
	return nil
}

// CompareVersions orders versions as semantic versioning does: 1.0.2-rc.1 is before 1.0.2.
// Both have passed CheckVersion.
func CompareVersions(a, b string) int {
	aNumbers, aPre, aHas := strings.Cut(a, "-")
	bNumbers, bPre, bHas := strings.Cut(b, "-")
	if c := compareParts(strings.Split(aNumbers, "."), strings.Split(bNumbers, ".")); c != 0 {
		return c
	}
	switch {
	case aHas && bHas:
		return compareParts(strings.Split(aPre, "."), strings.Split(bPre, "."))
	case aHas:
		return -1
	case bHas:
		return 1
	}
	return 0
}

func compareParts(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if c := comparePart(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// comparePart compares numbers as such, and puts them before words.
func comparePart(a, b string) int {
	x, aErr := strconv.ParseUint(a, 10, 64)
	y, bErr := strconv.ParseUint(b, 10, 64)
	switch {
	case aErr == nil && bErr == nil:
		return cmp.Compare(x, y)
	case aErr == nil:
		return -1
	case bErr == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// NextDev is a version for development that comes after v, which may be empty: 1.0.1 is followed by
// 1.0.2-dev.1, and that by 1.0.2-dev.2.
func NextDev(v string) string {
	if v == "" {
		return "0.0.1-dev.1"
	}
	numbers, pre, _ := strings.Cut(v, "-")
	if last, ok := strings.CutPrefix(pre, "dev."); ok && !isNoNumber(last) {
		n, _ := strconv.Atoi(last) // digits
		return numbers + "-dev." + strconv.Itoa(n+1)
	}
	parts := strings.Split(numbers, ".")
	patch, _ := strconv.Atoi(parts[2]) // digits
	parts[2] = strconv.Itoa(patch + 1)
	return strings.Join(parts, ".") + "-dev.1"
}

// FileName is the name of the plugin of a version: game_1-0-2.so.
func FileName(chain, version string) string {
	return chain + "_" + dashes(version) + ".so"
}

// dashes makes a version part of names that can't hold dots.
func dashes(version string) string { return strings.ReplaceAll(version, ".", "-") }

// IdentityOf is the identity of a build: tag tells builds of one version apart.
func IdentityOf(chain, version, tag string) string {
	return chain + "_" + dashes(version) + "_" + tag
}
