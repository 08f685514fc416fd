package control

import "github.com/gosplice/gosplice/internal/wire/patch"

// show writes the names of symbols in an answer as users write them. The program has them as the compiler does.
func (r *Response) show() {
	shown(&r.Message, &r.Detail)
	showOldCode(r.Inside)
	if s := r.Status; s != nil {
		shown(&s.OldCodeError)
		showFunctions(s.Redirected)
		showOldCode(s.OldCode)
		for i := range s.Patches {
			showChanges(s.Patches[i].Changes)
		}
	}
	if s := r.Switched; s != nil {
		shown(&s.Message, &s.OldCodeError)
		for _, list := range [][]string{s.Inits, s.Resets, s.Hooks, s.Warnings} {
			showAll(list)
		}
		showOldCode(s.OldCode)
	}
	for i := range r.Journal {
		shown(&r.Journal[i].Message)
	}
}

func showOldCode(list []OldCode) {
	for i := range list {
		shown(&list[i].Function)
		showFunctions(list[i].Stack)
	}
}

func showFunctions(list []Function) {
	for i := range list {
		shown(&list[i].Name)
	}
}

func showChanges(list []patch.Change) {
	for i := range list {
		list[i].Show()
	}
}

func showAll(list []string) {
	for i := range list {
		shown(&list[i])
	}
}

func shown(texts ...*string) {
	for _, t := range texts {
		*t = patch.Shown(*t)
	}
}
