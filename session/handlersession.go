package session

import (
	"errors"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// A sessionJSON is a session as clients see it. What is nil is null.
type sessionJSON struct {
	ID         string       `json:"id"`
	Current    bool         `json:"current"` // it is the one behind the request
	ActorType  *string      `json:"actor_type"`
	ActorID    *string      `json:"actor_id"`
	Provider   *string      `json:"provider"`
	Factors    []factorJSON `json:"factors"`
	IP         *string      `json:"ip"`
	UserAgent  *string      `json:"user_agent"`
	CreatedAt  time.Time    `json:"created_at"`
	LastSeenAt time.Time    `json:"last_seen_at"`
	ExpiresAt  time.Time    `json:"expires_at"`
}

type factorJSON struct {
	Method string     `json:"method"`
	At     *time.Time `json:"at"`
}

// newSessionJSON returns rec as by sees it.
func newSessionJSON(rec Record, by auth.AuthContext) sessionJSON {
	j := sessionJSON{
		ID: rec.ID, Current: rec.ID == by.SessionID,
		ActorType: word(rec.Login.Actor.Type), ActorID: word(rec.Login.Actor.ID), Provider: word(rec.Login.Provider),
		Factors: []factorJSON{}, UserAgent: word(rec.UserAgent),
		CreatedAt: rec.Created.UTC(), LastSeenAt: rec.Renewed.UTC(), ExpiresAt: rec.Expires.UTC(),
	}
	if rec.IP.IsValid() {
		j.IP = word(rec.IP.String())
	}
	for _, f := range rec.Login.Factors {
		factor := factorJSON{Method: f.Method}
		if !f.At.IsZero() {
			at := f.At.UTC()
			factor.At = &at
		}
		j.Factors = append(j.Factors, factor)
	}
	return j
}

func word(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// A sessionPage is the answer to a request for a list.
type sessionPage struct {
	Sessions []sessionJSON `json:"sessions"`
	Count    int           `json:"count"`
	Offset   int           `json:"offset"`
	Limit    int           `json:"limit"`
}

// A deletion is the answer to a request to end one session.
type deletion struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// answer says how many sessions were ended, or returns the refusal that err is.
func answer(w http.ResponseWriter, n int, err error) error {
	if err != nil {
		return Refusal(err)
	}
	wire.Write(w, http.StatusOK, struct {
		Ended int `json:"ended"`
	}{n})
	return nil
}

// Refusal returns what a client is told of an error of a [Manager] or an [Access], for handlers of one's own: what
// [auth.Guard.Refuse] answers with 404 where there is no such session, or none for the client to see. Any other error is
// returned as it is, since a guard knows what to make of it; so is nil.
func Refusal(err error) error {
	var own *auth.Error
	if is(err, ErrNotFound) && !errors.As(err, &own) {
		return wire.NotFound("Session was not found")
	}
	return err
}
