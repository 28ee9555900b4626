package storetest

import (
	"fmt"

	"github.com/countersign-go/countersign/auth"
)

// A track is what the only one who changes a record knows about it: in which states it may be. A call that failed may have
// been done or not, and may be done later too, when a server finds it in its socket.
type track[R any] struct {
	id    string
	owner auth.Actor

	states  []R    // in which it may be if it is there, the oldest first: a second one if a Replace of the first failed
	past    []R    // in which it was, and cannot be again
	unborn  bool   // its Create failed, and it has not been seen
	leaving string // the call by this name that should end it failed
	ended   string // the call by this name has ended it
	gone    bool   // and since then it was seen to be gone
	ignored bool   // nothing can be told about it, or was told already
}

// live reports whether there may be something to read or to end.
func (tr *track[R]) live() bool { return !tr.ignored && tr.ended == "" }

// sure reports whether only one state is possible. Otherwise nobody may write: the version to replace is not known.
func (tr *track[R]) sure() bool {
	return tr.live() && !tr.unborn && tr.leaving == "" && len(tr.states) == 1
}

// replaced notes that a Replace has put next there.
func (tr *track[R]) replaced(next R) {
	tr.past = append(tr.past, tr.states...)
	tr.states = []R{next}
}

// end notes that the call by this name has ended the record. It may be overtaken by a Create that failed, which nothing
// can prevent; but not by a Replace.
func (tr *track[R]) end(call string) {
	if tr.unborn {
		tr.ignored = true
		return
	}
	tr.ended = call
}

// saw notes that the record is there, and says what is wrong with that.
func (tr *track[R]) saw(got R) (flaw, string) {
	if !tr.live() {
		return tr.sawEnded()
	}
	for i, state := range tr.states {
		if difference(got, state) == nil {
			tr.past, tr.states = append(tr.past, tr.states[:i]...), tr.states[i:]
			tr.unborn = false
			return sound, ""
		}
	}
	tr.ignored = true
	for _, state := range tr.past {
		if difference(got, state) == nil {
			return lost, "it is as it was before a change that was acknowledged or seen"
		}
	}
	return half, fmt.Sprintf("it differs from what was written: %v", difference(got, tr.states[len(tr.states)-1]))
}

func (tr *track[R]) sawEnded() (flaw, string) {
	if tr.ignored {
		return sound, ""
	}
	tr.ignored = true
	if tr.ended != deleteOne && !tr.gone {
		return half, fmt.Sprintf("an acknowledged %s has left it over", tr.ended)
	}
	return resurrected, fmt.Sprintf("it is there after an acknowledged %s", tr.ended)
}

// missed notes that the record is not there, and says what is wrong with that.
func (tr *track[R]) missed() (flaw, string) {
	switch {
	case tr.ignored, tr.unborn:
	case tr.ended != "":
		tr.gone = true
	case tr.leaving != "":
		tr.ended, tr.gone = tr.leaving, true
	default:
		tr.ignored = true
		return lost, "it is not there, though it was created and nobody has ended it"
	}
	return sound, ""
}
