package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

func TestUpdate(t *testing.T) {
	word := func(s string) *string { return &s }
	object := func(text string) *auth.Metadata { m := auth.RawMetadata(text); return &m }
	var ninetyNine []string
	for i := range 99 {
		ninetyNine = append(ninetyNine, fmt.Sprint("channel ", i))
	}
	tests := []struct {
		name   string
		spec   apikey.Spec
		change apikey.Change
		want   string // title, channels and metadata afterwards, or the error
	}{
		{"nothing", report(), apikey.Change{}, "nightly report; ; {}"},
		{"the title", report(), apikey.Change{Title: word("weekly"), By: "ann"}, "weekly; ; {}"},
		{"the metadata", report(), apikey.Change{Metadata: object(`{"a":1}`)}, `nightly report; ; {"a":1}`},
		{"channels more", shop(), apikey.Change{AddChannels: []string{"kiosk", "web"}}, "the shop; app kiosk web; {}"},
		{"channels less", shop(), apikey.Change{RemoveChannels: []string{"web", "none"}}, "the shop; app; {}"},
		{"channels more and less", shop(), apikey.Change{AddChannels: []string{"web"}, RemoveChannels: []string{"web", "app"}}, "the shop; web; {}"},

		{"channels of a secret key", report(), apikey.Change{AddChannels: []string{"web"}}, "apikey: of the wrong kind"},
		{"channels less of a secret key", report(), apikey.Change{RemoveChannels: []string{"web"}}, "apikey: of the wrong kind"},
		{"an empty title", report(), apikey.Change{Title: word("")}, "apikey: title is empty or not plain text"},
		{"a title on two lines", report(), apikey.Change{Title: word("a\nb")}, "apikey: title is empty or not plain text"},
		{"metadata that is no object", report(), apikey.Change{Metadata: object("[]")}, "apikey: metadata is not a JSON object"},
		{"a channel without a name", shop(), apikey.Change{AddChannels: []string{""}}, "apikey: sales_channels hold an empty name"},
		{"a channel of 257 bytes", shop(), apikey.Change{AddChannels: []string{strings.Repeat("c", 257)}},
			`apikey: sales_channels hold "cccccccccccccccccccc", which is not plain text of 1 to 256 bytes`},
		{"101 channels", shop(), apikey.Change{AddChannels: ninetyNine}, "apikey: sales_channels are more than 100"},
		{"101 channels less", shop(), apikey.Change{RemoveChannels: append([]string{"a", "b"}, ninetyNine...)}, "apikey: sales_channels to remove are more than 100"},
		{"by somebody on two lines", report(), apikey.Change{By: "a\nb"}, "apikey: updated_by is not plain text of 1 to 256 bytes"},
		{"all that can be wrong", report(), apikey.Change{Title: word(""), Metadata: object("1")},
			"apikey: title is empty or not plain text\napikey: metadata is not a JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, _, err := s.Issue(t.Context(), tt.spec)
			check(t, "issuing", err, nil)
			got, err := s.Update(t.Context(), k.ID, tt.change)
			check(t, "the outcome", outcome(got, err), tt.want)
			kept := must(s.Get(t.Context(), k.ID))
			check(t, "it is kept", err != nil || outcome(kept, nil) == tt.want && kept.Version == got.Version, true)
		})
	}
}

// outcome says what became of a change.
func outcome(k apikey.Key, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s; %s; %s", k.Title, k.Channels, must(k.Metadata.MarshalJSON()))
}

// What does not change is not written, and what does says when.
func TestUpdatedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, _ := s.issue(t, nil)
		time.Sleep(time.Hour)
		same, err := s.Update(t.Context(), k.ID, retitled(k.Title))
		check(t, "the same title", err, nil)
		check(t, "its UpdatedAt", same.UpdatedAt, k.CreatedAt)
		check(t, "writes", s.store.count("Replace"), 0)
		other, err := s.Update(t.Context(), k.ID, retitled("weekly"))
		check(t, "another", err, nil)
		check(t, "its UpdatedAt", other.UpdatedAt, k.CreatedAt.Add(time.Hour))
		_, err = s.Update(t.Context(), token.NewID(), retitled("weekly"))
		check(t, "an unknown key", err, apikey.ErrNotFound)
	})
}

// Of changes at once none is lost, however many there are.
func TestManyUpdates(t *testing.T) {
	s := newSite()
	k, _, err := s.Issue(t.Context(), shop())
	check(t, "issuing", err, nil)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for {
				_, err := s.Update(context.Background(), k.ID, apikey.Change{AddChannels: []string{fmt.Sprint(i)}})
				if !errors.Is(err, apikey.ErrConflict) {
					check(t, "an update", err, nil)
					return
				}
			}
		})
	}
	wg.Wait()
	check(t, "channels", must(s.Get(t.Context(), k.ID)).Channels.Len(), 34)
}

func TestDisable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, text := s.issue(t, nil)
		for range 2 {
			got, err := s.Disable(t.Context(), k.ID, "bob")
			check(t, "disabling it", err, nil)
			check(t, "when", got.DisabledAt, k.CreatedAt)
			check(t, "who", got.DisabledBy, "bob")
			check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
			time.Sleep(time.Second)
		}
		for range 2 {
			got, err := s.Enable(t.Context(), k.ID, "cid")
			check(t, "enabling it", err, nil)
			check(t, "who disabled it", got.DisabledBy+got.DisabledAt.Format(time.Kitchen), time.Time{}.Format(time.Kitchen))
			check(t, "a request then", s.get("/", "X-API-Key: "+text), passed(k))
		}
		check(t, "writes", s.store.count("Replace"), 2)
		check(t, "by nobody", second(s.Disable(t.Context(), k.ID, "")) != nil, true)
		check(t, "enabled by nobody", second(s.Enable(t.Context(), k.ID, "a\n")) != nil, true)
		check(t, "an unknown key", second(s.Disable(t.Context(), token.NewID(), "bob")), apikey.ErrNotFound)
		check(t, "enabling an unknown key", second(s.Enable(t.Context(), token.NewID(), "bob")), apikey.ErrNotFound)

		check(t, "disabling it once more", second(s.Disable(t.Context(), k.ID, "bob")), nil)
		check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
		check(t, "enabling a revoked key", second(s.Enable(t.Context(), k.ID, "bob")), apikey.ErrRevoked)
		check(t, "disabling a revoked key", second(s.Disable(t.Context(), k.ID, "bob")), apikey.ErrRevoked)
		check(t, "a request at the end", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	})
}

// A key that is revoked while it is enabled again stays revoked.
func TestEnableWhileRevoked(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "disabling it", second(s.Disable(t.Context(), k.ID, "bob")), nil)
	s.store.once("Replace", first(func() { check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil) }))
	check(t, "enabling it", second(s.Enable(t.Context(), k.ID, "bob")), apikey.ErrRevoked)
	check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

// A change is written down with who made it, and without anything of the key's text.
func TestChangesAreLogged(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "updating it", second(s.Update(t.Context(), k.ID, retitled("weekly"))), nil)
	check(t, "who", strings.Contains(s.log.String(), `msg="apikey: done" action=update key=`+k.ID+` by=ann`), true)
	check(t, "the text", strings.Contains(s.log.String(), secretOf(text)), false)
}

// Who changes a key all the time keeps nobody from ending it.
func TestChangesAllTheTime(t *testing.T) {
	for name, end := range map[string]func(s *site, id string) error{
		"revoking":  func(s *site, id string) error { return revoke(context.Background(), s.Manager, id, "bob") },
		"disabling": func(s *site, id string) error { return second(s.Disable(context.Background(), id, "bob")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				k, _ := s.issue(t, nil)
				slow := func(_ context.Context, call func() error) error {
					time.Sleep(time.Duration(1+rand.IntN(1000)) * time.Microsecond)
					defer time.Sleep(time.Duration(1+rand.IntN(1000)) * time.Microsecond)
					return call()
				}
				s.store.on("Get", slow)
				s.store.on("Replace", slow)
				ctx, stop := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				for i := range 500 {
					wg.Go(func() {
						for n := 0; ctx.Err() == nil; n++ {
							_, _ = s.Update(ctx, k.ID, retitled(fmt.Sprint(i, " ", n)))
						}
					})
				}
				time.Sleep(10 * time.Millisecond)
				check(t, name, end(s, k.ID), nil)
				stop()
				wg.Wait()
			})
		})
	}
}
