package console

import (
	"net/http"
	"slices"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// sessionRoutes are the pages about sessions.
var sessionRoutes = map[string]methods{
	"/sessions":            {http.MethodGet: (*visit).listSessions},
	"/sessions/{id}/end":   {http.MethodPost: (*visit).endSession},
	"/sessions/end-others": {http.MethodPost: (*visit).endOthers},
	"/sessions/end-all":    {http.MethodPost: (*visit).endAll},
}

const maxSessions = 100 // on the page

// A sessionList is what the page of that name shows.
type sessionList struct {
	Sessions []sessionView
	Total    int
	Current  bool // one of them is the visitor's
	Others   bool // so is another
}

// A sessionView is a session as the page shows it.
type sessionView struct {
	session.Record
	Device  string
	Current bool
	Began   moment
	Seen    moment
}

// listSessions shows where the visitor is logged in: this device first, then the one seen last.
func (v *visit) listSessions() error {
	records, err := v.sessions().List(v.r.Context(), auth.Actor{})
	if err != nil {
		return err
	}
	list := sessionList{Total: len(records)}
	for _, rec := range records {
		current := rec.ID == v.by.SessionID
		list.Current = list.Current || current
		list.Others = list.Others || !current
		list.Sessions = append(list.Sessions, sessionView{
			Record: rec, Device: deviceOf(rec.UserAgent), Current: current,
			Began: v.moment(rec.Created), Seen: v.moment(rec.Renewed),
		})
	}
	sortSessions(list.Sessions)
	list.Sessions = list.Sessions[:min(list.Total, maxSessions)]
	return v.show(http.StatusOK, page{Name: "sessions", Title: "Sessions", Section: "sessions", Body: list})
}

func sortSessions(views []sessionView) {
	slices.SortStableFunc(views, func(a, b sessionView) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return b.Renewed.Compare(a.Renewed)
	})
}

// endSession ends one session. Whoever ends their own is logged out.
func (v *visit) endSession() error {
	id := v.r.PathValue("id")
	if err := v.sessions().End(v.r.Context(), id); err != nil {
		return err
	}
	if id == v.by.SessionID {
		return v.signOut()
	}
	return v.redirect("/sessions", "ended")
}

func (v *visit) endOthers() error {
	if _, err := v.sessions().EndOthers(v.r.Context()); err != nil {
		return err
	}
	return v.redirect("/sessions", "ended-others")
}

func (v *visit) endAll() error {
	if _, err := v.sessions().EndAll(v.r.Context(), auth.Actor{}); err != nil {
		return err
	}
	if v.by.SessionID == "" {
		return v.redirect("/sessions", "ended-all") // and let in by something else
	}
	return v.signOut()
}

// signOut sends somebody on whose session has ended.
func (v *visit) signOut() error {
	v.config.Sessions.ClearCookie(v.w)
	return v.leave(v.config.SignedOut)
}
