package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A page of another site, or of the same site and another port, cannot have the browser make a key.
func TestCrossSitePost(t *testing.T) {
	q := startQuickstart(t)
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form method="post" action="%s/console/keys"><input name="title" value="planted"><input name="kind" value="secret">
<input name="scopes" value="reports:read"><input name="expiry" value="never"><input name="seen" value="1-"><button id="win">Win</button></form>
<form method="post" action="%[1]s/console/sessions/end-all"><button id="end">End</button></form>`, q.url)
	}))
	defer trap.Close()
	for name, origin := range map[string]string{
		"another port": trap.URL,
		"another site": strings.Replace(trap.URL, "127.0.0.1", "localhost", 1),
	} {
		for _, button := range []string{"#win", "#end"} {
			t.Run(name+" "+button, func(t *testing.T) {
				b := q.login(t, 1280)
				b.base = origin
				b.open("/")
				expect(t, "status", b.press(button), http.StatusForbidden)
				b.base = q.url
				expect(t, "still logged in", b.open("/console/keys"), http.StatusOK)
				expect(t, "planted", strings.Contains(eval[string](b, `document.body.innerText`), "planted"), false)
			})
		}
	}
}

// A link of another site cannot have a page say that something was done.
func TestCrossSiteNotice(t *testing.T) {
	q := startQuickstart(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<a href="%s/console/sessions?said=ended-others">Look</a>`, q.url)
	}))
	defer other.Close()
	b := q.login(t, 1280)
	b.base = strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	b.open("/")
	expect(t, "by a link", b.press("a"), http.StatusOK)
	b.want("1 session")
	expect(t, "told by a link", eval[bool](b, `document.querySelector(".notice") !== null`), false)
	b.base = q.url
	b.open("/console/sessions?said=ended-others")
	b.want("1 session")
	expect(t, "told by an address", eval[bool](b, `document.querySelector(".notice") !== null`), false)
}

// The console cannot be shown in a frame, and the browser finds nothing on its pages that their policy forbids.
func TestPolicyHolds(t *testing.T) {
	q := startQuickstart(t)
	framing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<iframe src="%s/console/keys"></iframe>`, q.url)
	}))
	defer framing.Close()
	o := newTour(t, q, 1280)
	told := o.watch()
	o.each(func(b *tab, name string) {
		for _, line := range told() {
			t.Errorf("%s: the browser says: %s", name, line)
		}
	})
	o.base = framing.URL
	o.open("/")
	o.until("the browser says that it refused the frame", func() bool {
		return strings.Contains(strings.Join(told(), "\n"), "frame-ancestors")
	})
}
