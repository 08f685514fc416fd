package gotool

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// CheckData refuses a build whose words could have the go command or a tool do more than compile: run another program, or
// write a file. It is for builds that come from a file, a program or a record, which may be a stranger's. What build
// information holds and gosplice build notes is allowed, and nothing else.
func (b *Build) CheckData() error {
	for _, s := range append([]string{b.Dir, b.Main, b.GoVersion}, b.Packages...) {
		if strings.HasPrefix(s, "-") || !printable(s) {
			return fmt.Errorf("the build has the word %s in the place of a directory or package: make the record again with gosplice record", quotedWord(s))
		}
	}
	moduleFiles := 0
	for _, f := range b.Flags {
		if err := checkFlag(f); err != nil {
			return err
		}
		if strings.HasPrefix(f, "-modfile=") {
			moduleFiles++
		}
		if err := b.checkNamed(f); err != nil {
			return err
		}
	}
	if _, ok := b.given(); ok || moduleFiles > 1 || moduleFiles > 0 && slices.Contains(b.Flags, "-mod=mod") {
		return fmt.Errorf("the build has -modfile for a file that would be written: build with one -modfile, and without -mod=mod")
	}
	for _, v := range b.Env {
		if err := checkVariable(v); err != nil {
			return err
		}
	}
	return nil
}

// mostNamed is how long a file may be that a build names.
const mostNamed = 64 << 20

// checkNamed refuses a flag that names what the go command would wait for or read for ever, such as a pipe or a device.
func (b *Build) checkNamed(flag string) error {
	name, file, _ := strings.Cut(flag, "=")
	named := []string{file}
	switch {
	case name == "-modfile":
		named = append(named, strings.TrimSuffix(file, ".mod")+".sum")
	case name == "-overlay", name == "-pgo" && file != "auto" && file != "off":
	default:
		return nil
	}
	if err := b.checkRead(flag, named...); err != nil || name != "-overlay" {
		return err
	}
	replace, err := ReadOverlay(inDir(b.Dir, file))
	if err != nil {
		return nil // which the go command has words for
	}
	return b.checkRead(flag, slices.Sorted(maps.Values(replace))...)
}

// checkRead refuses a flag if one of the files that it leads to is none that can be read to its end.
func (b *Build) checkRead(flag string, named ...string) error {
	for _, file := range named {
		if file == "" {
			continue // what an overlay removes
		}
		file = inDir(b.Dir, file)
		if info, err := os.Stat(file); err == nil && (!info.Mode().IsRegular() || info.Size() > mostNamed) {
			return fmt.Errorf("the build has the flag %s for %s, which is no regular file or has more than %d MB: build with another one", quotedWord(flag), quotedWord(file), mostNamed>>20)
		}
	}
	return nil
}

// ReadModules has the go command read module files that the build let it write: that it did when the program was built, and whoever
// made a record or a program may name those of others, and have it add modules of his.
func (b *Build) ReadModules() {
	for i, f := range b.Flags {
		if f == "-mod=mod" {
			b.Flags[i] = "-mod=readonly"
		}
	}
}

// dataFlags are the flags that a build may take from a file, with what their values may be.
var dataFlags = map[string]func(value string) error{
	"asan": isOneOf("true", "false"), "cover": isOneOf("true", "false"), "msan": isOneOf("true", "false"),
	"race": isOneOf("true", "false"), "trimpath": isOneOf("true", "false"),
	"buildvcs":  isOneOf("false"), // otherwise the go command runs git, which runs what the tree says
	"buildmode": isOneOf("exe", "pie", "default"), "compiler": isOneOf("gc"),
	"covermode": isOneOf("set", "count", "atomic"), "mod": isOneOf("mod", "readonly", "vendor"),
	"coverpkg": isText, "tags": isText,
	// They name files that are read.
	"modfile": isText, "overlay": isText, "pgo": isText,
	"gcflags": toolFlags(compilerWords), "asmflags": toolFlags(assemblerWords), "ldflags": toolFlags(linkerWords),
}

// checkFlag checks one flag of a build, which has to hold its value: the go command would take the next word for it.
func checkFlag(flag string) error {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(flag, "-"), "=")
	check, ok := dataFlags[name]
	if !ok || !strings.HasPrefix(flag, "-") {
		name, _, _ = strings.Cut(flag, "=")
		return fmt.Errorf("the build has the flag %s, which gosplice takes from no file, for it may run commands or write files: set it in GOFLAGS if it is yours, and make the record without it", quotedWord(name))
	}
	if !hasValue {
		value = "true"
	}
	if err := check(value); err != nil {
		return fmt.Errorf("the build has the flag -%s: %w", name, err)
	}
	return nil
}

// WithoutVCS leaves out -buildvcs, which changes no object and has the go command run git in the tree.
func WithoutVCS(flags []string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool {
		name, _, _ := strings.Cut(f, "=")
		return name == "-buildvcs"
	})
}

// dataVariables are the variables that a build may take from a file, but for those of cgo.
var dataVariables = map[string]*regexp.Regexp{
	"GOOS": regexp.MustCompile(`^[a-z0-9]*$`), "GOARCH": regexp.MustCompile(`^[a-z0-9]*$`),
	"GOAMD64": regexp.MustCompile(`^[a-z0-9]*$`), "GOARM64": regexp.MustCompile(`^[a-z0-9.,]*$`),
	"GOEXPERIMENT": regexp.MustCompile(`^[a-z0-9,]*$`), "GOFIPS140": regexp.MustCompile(`^[a-zA-Z0-9.-]*$`),
	"CGO_ENABLED": regexp.MustCompile(`^[01]?$`),
}

// checkVariable checks one variable of a build. Flags of the C compiler that are not known are taken if the user's environment
// has them too.
func checkVariable(v string) error {
	name, value, _ := strings.Cut(v, "=")
	words := compilerOfC
	switch name {
	case "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS":
	case "CGO_LDFLAGS":
		words = linkerOfC
	default:
		pattern, ok := dataVariables[name]
		if !ok {
			return fmt.Errorf("the build has the variable %s, which gosplice takes from no file, for it may run commands or write files: set it in the environment if it is yours, and make the record without it", quotedWord(name))
		}
		if !pattern.MatchString(value) {
			return fmt.Errorf("the build has the variable %s with the value %s: make the record again with gosplice record", name, quotedWord(value))
		}
		return nil
	}
	if os.Getenv(name) == value {
		return nil
	}
	if err := words.check(value); err != nil {
		return fmt.Errorf("the build has the variable %s: %w; if it is yours, set %s to the same in the environment", name, err, name)
	}
	return nil
}

func isOneOf(values ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("%s is not one of %s: make the record again with gosplice record", quotedWord(value), strings.Join(values, ", "))
		}
		return nil
	}
}

func isText(value string) error {
	if !printable(value) {
		return fmt.Errorf("%s is no name: make the record again with gosplice record", quotedWord(value))
	}
	return nil
}

// toolWords are the flags of a tool of the toolchain that a build may take from a file: those that stand alone or have a number,
// and those with a value, which may be the next word.
type toolWords struct {
	alone []string
	value map[string]func(value string) error
}

var (
	compilerWords = toolWords{
		alone: strings.Fields("% B C E K L N S W e h j l m r t v w live race msan asan shared dynlink linkshared smallframes wb dwarf dwarfbasentries dwarflocationlists" +
			" clobberdead clobberdeadreg errorurl nolocalimports complete std"),
		value: map[string]func(string) error{"c": isText, "d": isCompilerDebug, "gendwarfinl": isText, "goversion": isText, "installsuffix": isText, "lang": isText,
			"spectre": isText, "trimpath": isText},
	}
	assemblerWords = toolWords{
		alone: strings.Fields("S debug dynlink e linkshared shared v"),
		value: map[string]func(string) error{"D": isText, "I": isText, "d": isText, "spectre": isText, "trimpath": isText},
	}
	linkerWords = toolWords{
		alone: strings.Fields("a aslr bindnow c checklinkname compressdwarf d debugnosplit dumpdep e f g h linkshared msan asan n pruneweakmap race s v w"),
		value: map[string]func(string) error{"B": isText, "D": isText, "E": isText, "H": isText, "I": isText, "L": isText, "R": isText, "T": isText, "X": isAnything,
			"buildid": isText, "buildmode": isText, "debugtextsize": isText, "debugtramp": isText, "extldflags": linkerOfC.check, "funcalign": isText,
			"installsuffix": isText, "k": isText, "libgcc": isOneOf("none"), "linkmode": isText, "r": isText, "randlayout": isText, "strictdups": isText},
	}
)

func isAnything(string) error { return nil }

// isCompilerDebug refuses debugging settings that write files: -d=dumpinlfuncprops=FILE, -d=ssa/PHASE/dump=FUNC.
func isCompilerDebug(value string) error {
	if strings.Contains(strings.ToLower(value), "dump") {
		return fmt.Errorf("-d=%s writes files: build without it", quotedWord(value))
	}
	return isText(value)
}

// toolFlags checks the value of -gcflags and the like: a pattern, if it has one, and flags of the tool.
func toolFlags(words toolWords) func(string) error {
	return func(value string) error {
		pattern, flags := splitCompilerFlags(value)
		if pattern != "" && !strings.Contains(value, "=") {
			return fmt.Errorf("%s is neither a flag nor a pattern with flags: make the record again with gosplice record", quotedWord(value))
		}
		if err := isText(pattern); err != nil {
			return err
		}
		fields := quotedFields(flags)
		for i := 0; i < len(fields); i++ {
			name, value, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(fields[i], "-"), "-"), "=")
			unknown := fmt.Errorf("its word %s is none that gosplice takes from a file, for it may run commands, or read and write files: build without it", quotedWord(fields[i]))
			check, takes := words.value[name]
			switch {
			case !strings.HasPrefix(fields[i], "-"):
				return unknown
			case slices.Contains(words.alone, name):
				if _, err := strconv.Atoi(value); err != nil && !slices.Contains([]string{"", "true", "false"}, value) {
					return unknown
				}
				continue
			case !takes:
				return unknown
			case !hasValue && i+1 < len(fields):
				i++
				value = fields[i]
			}
			if err := check(value); err != nil {
				return err
			}
		}
		return nil
	}
}

// cWords are flags of a C compiler or linker that a build may take from a file.
type cWords struct {
	allowed *regexp.Regexp
	// pairs are flags whose value is the next word.
	pairs []string
}

// The lists follow those that the go command has for flags in sources (cmd/go/internal/work/security.go): a C compiler runs
// what -fplugin, -specs, -wrapper, -B and @file name, and writes what -o and -MF name.
var (
	compilerOfC = cWords{anyOf(
		`-[DU][A-Za-z_]\w*(=[^@]*)?`, `-[IF][^@-].*`, `-O[\w]*`, `-W[^@,]*`, `-Wp,-[DU][A-Za-z_]\w*(=[^@,-]*)?`, `-ansi`, `-g[\w.+-]*`, `-m(32|64)`,
		`-m(abi|arch|cpu|fpu|simd|tls-dialect|tune)=[^@-].*`, `-mcmodel=[\w-]+`, `-mfpmath=[\w,+]*`, `-m(no-)?(aes|vaes|avx[\w.]*|sse[\w.]*|ssse3|omit-leaf-frame-pointer|red-zone|stack-[\w-]+)`,
		`-mbranch-protection=[\w+-]+`, `-pedantic(-errors)?`, `-pipe`, `-pthread`, `-w`, `-v`, `--?std=[^@-].*`, `--?stdlib=[^@-].*`, `--sysroot=[^@-].*`, `-no-canonical-prefixes`,
		`--param=ssp-buffer-size=\d*`, `-f(no-)?(asynchronous-unwind-tables|blocks|builtin-\w+|common|constant-cfstrings|data-sections|exceptions|fast-math|fat-lto-objects|function-sections)`,
		`-f(no-)?(inline-functions|lto|omit-frame-pointer|openmp|openmp-simd|permissive|pic|PIC|pie|PIE|plt|rtti|semantic-interposition|split-stack|strict-aliasing|strict-overflow)`,
		`-f(no-)?(stack-protector|stack-protector-all|stack-protector-strong|stack-clash-protection|unwind-tables|visibility-inlines-hidden|wrapv|zero-initialized-in-bss)`,
		`-f(un)?signed-char`, `-fcf-protection(=\w+)?`, `-f(debug|file|macro)-prefix-map=[^@]+`, `-ffile-compilation-dir=[^@]+`, `-flto=(auto|thin|full|\d+)`,
		`-fmessage-length=\d+`, `-fno-canonical-system-headers`, `-fsanitize=[\w,-]+`, `-ftls-model=[\w-]+`, `-ftrivial-auto-var-init=\w+`, `-fvisibility=\w+`,
	), []string{"-D", "-U", "-I", "-F", "-isystem", "-include", "-isysroot", "--sysroot", "-target", "-arch"}}
	linkerOfC = cWords{anyOf(
		`-[FlL][^@-].*`, `-O[\w]*`, `-g[\w.+-]*`, `-f(no-)?(pic|PIC|pie|PIE|openmp|lto)`, `-flto=(auto|thin|full|\d+)`, `-fsanitize=[\w,-]+`, `-m(32|64)`,
		`-m(abi|arch|cpu|fpu|simd|tls-dialect|tune)=[^@-].*`, `-(no-)?(pic|PIC|pie|PIE)`, `-pthread`, `-rdynamic`, `-s`, `-shared`, `--?static[\w+-]*`, `--sysroot=[^@-].*`, `--?stdlib=[^@-].*`, `-v`, `-w`,
		`-Wl,--(no-)?(allow-multiple-definition|allow-shlib-undefined|as-needed|export-dynamic|gc-sections|undefined|warn-[\w-]+)`, `-Wl,--(push|pop)-state`, `-Wl,--(start|end)-group`,
		`-Wl,--(enable|disable)-new-dtags`, `-Wl,-B(dynamic|static|symbolic|symbolic-functions)`, `-Wl,-[Es]`, `-Wl,-O\d+`, `-Wl,--build-id(=\w+)?`, `-Wl,--hash-style=(sysv|gnu|both)`,
		`-Wl,--?unresolved-symbols=[\w-]+`, `-Wl,-rpath(-link)?[=,][^,@-][^,]*`, `-Wl,-R,?[^,@-][^,]*`, `-Wl,--?wrap[=,][^,@-][^,]*`, `-Wl(,-z,?(relro|now|defs|nodlopen|nodelete|(no)?execstack|pack-relative-relocs|separate-code))+`,
		`[\w/.][^@]*\.(a|o|so)`,
	), []string{"-F", "-l", "-L", "-isysroot", "--sysroot", "-target", "-arch"}}
)

// anyOf matches what one of the patterns matches as a whole.
func anyOf(patterns ...string) *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join(patterns, "|") + `)$`)
}

func (w cWords) check(value string) error {
	fields := quotedFields(value)
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if slices.Contains(w.pairs, f) && i+1 < len(fields) && !strings.HasPrefix(fields[i+1], "-") && !strings.HasPrefix(fields[i+1], "@") {
			i++
			continue
		}
		if !w.allowed.MatchString(f) || !printable(f) {
			return fmt.Errorf("its word %s is none that gosplice takes from a file, for it may run commands, or read and write files: build without it", quotedWord(f))
		}
	}
	return nil
}

// CheckFile refuses the name of a file that would lead elsewhere than into the directory of its package.
func CheckFile(name string) error {
	if !printable(name) || !filepath.IsAbs(name) && !filepath.IsLocal(name) || filepath.Base(name) == ".." {
		return fmt.Errorf("a source file is named %s: make the record again with gosplice record", quotedWord(name))
	}
	return nil
}

// printable reports that a word has nothing in it that ends it, or a line.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// quotedWord is a word for a message, bounded.
func quotedWord(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
