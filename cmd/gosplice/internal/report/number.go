package report

import (
	"fmt"
	"strconv"
	"time"
)

// Count is n with commas: 14,843.
func Count[N int | int64 | uint64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural is n with its noun: 1 function, 14,843 functions. Nouns in -y need no special case
// but this: 2 bodies.
func Plural[N int | int64 | uint64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if last := len(one) - 1; one[last] == 'y' {
		return Count(n) + " " + one[:last] + "ies"
	}
	return Count(n) + " " + one + "s"
}

// Bytes is a size as people say it: 6.7 MB.
func Bytes[N int | int64 | uint64](n N) string {
	size, unit := float64(n), ""
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if size < 999.5 {
			break
		}
		size, unit = size/1000, next
	}
	switch {
	case unit == "":
		return Plural(n, "byte")
	case size < 9.95:
		return fmt.Sprintf("%.1f %s", size, unit)
	}
	return fmt.Sprintf("%.0f %s", size, unit)
}

// Duration is a time with three digits at most: 87 µs, 1.2 ms, 4 s.
func Duration(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{
		{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"},
	} {
		if d >= unit.size {
			n := float64(d) / float64(unit.size)
			if n < 9.95 {
				return strconv.FormatFloat(float64(int(n*10+0.5))/10, 'f', -1, 64) + " " + unit.name
			}
			return fmt.Sprintf("%.0f %s", n, unit.name)
		}
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

// Age is how long ago something was, in its largest unit: 12s, 4m, 3h, 9d.
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
