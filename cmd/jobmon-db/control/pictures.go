package control

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// picture is a picture on its way. How its file is written is told once in an answer: the pictures after the first of
// that form give its number.
type picture struct {
	jobmon.Progress
	Form   int          `json:"form,omitempty"` // from 1; 0 is the zero form
	Chosen *jobmon.Form `json:"chosen,omitempty"`
}

func wrap(list []jobmon.Progress) []picture {
	out := make([]picture, 0, len(list))
	numbers := map[jobmon.Form]int{}
	for _, p := range list {
		wire := picture{Progress: p}
		if form := p.Form; form != nil {
			if wire.Form = numbers[*form]; wire.Form == 0 {
				wire.Form, wire.Chosen = len(numbers)+1, form
				numbers[*form] = wire.Form
			}
		}
		out = append(out, wire)
	}
	return out
}

func unwrap(list []picture) []jobmon.Progress {
	var out []jobmon.Progress
	forms := map[int]*jobmon.Form{}
	for _, wire := range list {
		if wire.Chosen != nil {
			forms[wire.Form] = wire.Chosen
		}
		p := wire.Progress
		p.Form = forms[wire.Form]
		out = append(out, p)
	}
	return out
}
