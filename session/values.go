package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// Values are what the application keeps in a session: a few small things, such as a language or a basket. They are attached
// to the context of a request if there are any:
//
//	values, ok := auth.Value[session.Values](ac)
//
// What [Manager.Update] does after that is not in them.
type Values struct{ auth.Metadata }

// Update changes the values of a session, also of a visitor's. change gets those that are there and returns those to keep;
// it is called again when another request got in between, so that no change is lost, and should do nothing else. Its error
// ends the Update, which returns it. Values are written only if their JSON differs, and do not begin the idle timeout anew.
// More than [Config.MaxValues] is an [*auth.Error] of status 413. A session that has ended wraps both [ErrNotFound] and
// [auth.ErrInvalidCredentials]: nothing brings it back.
func (m *Manager) Update(ctx context.Context, id string, change func(auth.Metadata) (auth.Metadata, error)) error {
	for n := range changes {
		now := timestamp()
		rec, err := m.get(ctx, id, now)
		if err != nil {
			return asInvalid(err)
		}
		next := rec.Clone()
		if next.Values, err = change(rec.Values); err != nil {
			return err
		}
		if next.Values, err = m.checkValues(next.Values); err != nil || sameObject(next.Values, rec.Values) {
			return err
		}
		if err = next.Check(); err != nil {
			return err
		}
		next.Renewed = marked(rec.Renewed)
		if err = m.replace(ctx, next, now); err == nil || m.keepsValues(ctx, next) {
			return nil
		}
		if !is(err, ErrConflict) {
			return asInvalid(err)
		}
		if err = pause(ctx, n); err != nil {
			return err
		}
	}
	return unavailable(ErrConflict)
}

// checkValues returns values in the one form that is kept, or an error if they are too large.
func (m *Manager) checkValues(values auth.Metadata) (auth.Metadata, error) {
	object := compact(values)
	if len(object) > m.config.MaxValues {
		return auth.Metadata{}, &auth.Error{
			Status: http.StatusRequestEntityTooLarge, Message: "Too much to be kept in a session",
			Err: fmt.Errorf("session: Values of %d bytes, more than MaxValues, which is %d", len(object), m.config.MaxValues),
		}
	}
	if object == "{}" {
		return auth.Metadata{}, nil
	}
	return auth.RawMetadata(object), nil
}

// compact returns the JSON of an object without space.
func compact(values auth.Metadata) string {
	object, _ := values.MarshalJSON() // which cannot fail
	var b bytes.Buffer
	if json.Compact(&b, object) != nil {
		return string(object)
	}
	return b.String()
}

// sameObject reports whether a and b are the same JSON, however it is written: a store may escape or order it in its own way.
func sameObject(a, b auth.Metadata) bool {
	one, other := compact(a), compact(b)
	return one == other || canonical(one) == canonical(other)
}

// canonical returns the one form of a JSON object in which all that differ only in how they are written are the same text.
func canonical(object string) string {
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	var members map[string]any
	if d.Decode(&members) != nil {
		return object
	}
	text, err := json.Marshal(members)
	if err != nil {
		return object
	}
	return string(text)
}

// marked returns t with another fraction of its second, by which a write is known again: the answer to one may be lost, and
// another request may have written the same values meanwhile.
func marked(t time.Time) time.Time {
	return t.Truncate(time.Second).Add(rand.N(time.Second)).Truncate(time.Microsecond)
}

// keepsValues reports whether the store has written next although it returned an error, and nothing since.
func (m *Manager) keepsValues(ctx context.Context, next Record) bool {
	kept, err := m.get(ctx, next.ID, timestamp())
	return err == nil && kept.Version == next.Version+1 && kept.Renewed.Equal(next.Renewed) && sameObject(kept.Values, next.Values)
}
