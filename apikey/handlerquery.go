package apikey

import (
	"math"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth/wire"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxOffset    = math.MaxInt32
)

// listQuery returns the query for keys that r asks for.
func listQuery(r *http.Request) (Query, error) {
	p := wire.ParseQuery(r)
	p.Text("fields") // which to send is up to the server
	q := Query{
		IDs:    p.List("id"),
		Kind:   Kind(p.Word("type", string(Secret), string(Publishable))),
		Newest: p.Word("order", "created_at", "-created_at") == "-created_at",
		Limit:  p.Int("limit", defaultLimit, 1, maxLimit),
		Offset: p.Int("offset", 0, 0, maxOffset),
	}
	q.Text, _ = p.Text("q")
	q.Title, _ = p.Text("title")
	revokedBetween(p, &q)
	return q, p.Err()
}

// revokedBetween reads the filters of revoked_at. What a store keeps are whole microseconds, so that a bound which counts
// is as good as one a microsecond further off which does not.
func revokedBetween(p *wire.Query, q *Query) {
	at := p.Time("revoked_at")
	from, to := later(p.Time("revoked_at[$gte]"), at), earlier(p.Time("revoked_at[$lte]"), at)
	if !from.IsZero() {
		from = up(from).Add(-time.Microsecond)
	}
	if !to.IsZero() {
		to = to.Truncate(time.Microsecond).Add(time.Microsecond)
	}
	q.RevokedAfter = later(p.Time("revoked_at[$gt]").Truncate(time.Microsecond), from)
	q.RevokedBefore = earlier(up(p.Time("revoked_at[$lt]")), to)
	if exists := p.Word("revoked_at[$exists]", "true", "false"); exists != "" {
		revoked := exists == "true"
		q.Revoked = &revoked
	}
}

// up returns t, or the next whole microsecond.
func up(t time.Time) time.Time {
	if whole := t.Truncate(time.Microsecond); whole.Before(t) {
		return whole.Add(time.Microsecond)
	}
	return t
}

// later returns the later of two bounds, of which a zero one is none.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier returns the earlier of two bounds, of which a zero one is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

// plainQuery refuses what a request that is about one key has behind the question mark.
func plainQuery(r *http.Request) error {
	p := wire.ParseQuery(r)
	p.Text("fields")
	return p.Err()
}
