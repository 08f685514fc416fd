package edit

import "strings"

// Nearest is the one of names that was probably meant by a misspelt one, or "" if none is like it. Letters that differ
// in case count as the same.
func Nearest(name string, names []string) string {
	best, least := "", len(name)/3+1
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d <= least && (best == "" || d < least) {
			best, least = n, d
		}
	}
	return best
}

// distance is how many letters have to be inserted, removed or replaced to make b of a.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for i := range row {
		row[i] = i
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for k, s := range to {
			replaced := diagonal
			if r != s {
				replaced++
			}
			diagonal = row[k+1]
			row[k+1] = min(row[k+1]+1, row[k]+1, replaced)
		}
	}
	return row[len(to)]
}
