package apikey

import (
	"context"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// changing returns the route that changes the key in the path as a body of type B says.
func changing[B any](
	h handler, change func(ctx context.Context, a *Access, id string, body B) (Key, token.Secret, error),
) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body B
		if err := read(w, r, &body); err != nil {
			return err
		}
		k, text, err := change(r.Context(), h.access(r), r.PathValue("id"), body)
		return answer(w, k, text, err)
	}
}

// An edit is the body of a request to change what is kept with a key.
type edit struct {
	Title    *string        `json:"title"`
	Metadata *auth.Metadata `json:"metadata"`
}

func update(ctx context.Context, a *Access, id string, e edit) (Key, token.Secret, error) {
	k, err := a.Update(ctx, id, Change{Title: e.Title, Metadata: e.Metadata})
	return k, token.Secret{}, err
}

// An assignment is the body of a request to change the sales channels of a publishable key.
type assignment struct {
	Add    []string `json:"add"`
	Remove []string `json:"remove"`
}

func assign(ctx context.Context, a *Access, id string, as assignment) (Key, token.Secret, error) {
	// Not nil, so that a secret key is refused whatever there is to add and to remove.
	k, err := a.Update(ctx, id, Change{AddChannels: append([]string{}, as.Add...), RemoveChannels: as.Remove})
	return k, token.Secret{}, err
}

// A rollover is the body of a request to rotate a key.
type rollover struct {
	Overlap int64 `json:"overlap"` // seconds
}

func rotate(ctx context.Context, a *Access, id string, ro rollover) (Key, token.Secret, error) {
	overlap, err := seconds("overlap", ro.Overlap)
	if err != nil {
		return Key{}, token.Secret{}, err
	}
	return a.Rotate(ctx, id, Rotation{Overlap: overlap})
}

// An ending is the body of a request to revoke a key.
type ending struct {
	In     int64  `json:"revoke_in"` // seconds
	Reason string `json:"reason"`
}

func revoke(ctx context.Context, a *Access, id string, e ending) (Key, token.Secret, error) {
	in, err := seconds("revoke_in", e.In)
	if err != nil {
		return Key{}, token.Secret{}, err
	}
	rev := Revocation{Reason: e.Reason}
	if in > 0 {
		rev.Until = time.Now().Add(in)
	}
	k, err := a.revoke(ctx, id, rev, true) // clients of other servers know that it is refused the second time
	return k, token.Secret{}, err
}

func disable(ctx context.Context, a *Access, id string, _ struct{}) (Key, token.Secret, error) {
	k, err := a.Disable(ctx, id)
	return k, token.Secret{}, err
}

func enable(ctx context.Context, a *Access, id string, _ struct{}) (Key, token.Secret, error) {
	k, err := a.Enable(ctx, id)
	return k, token.Secret{}, err
}

// maxWait bounds what a request may ask to wait for, in seconds: ten years.
const maxWait = 10 * 365 * 24 * 60 * 60

func seconds(field string, n int64) (time.Duration, error) {
	if n < 0 || n > maxWait {
		return 0, wire.Invalid("Invalid request: Field '%s' must be a number of seconds, %d at most", field, maxWait)
	}
	return time.Duration(n) * time.Second, nil
}
