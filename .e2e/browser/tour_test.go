package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// A tour shows each page of a console that has been in use for a while.
type tour struct {
	*tab
	used string // the path of a key that works
	over string // of one that is revoked
}

// newTour logs in at two devices and makes keys of all kinds.
func newTour(t *testing.T, q quickstart, width int64) tour {
	t.Helper()
	q.login(t, width)
	b := q.login(t, width)
	b.createKey("Nightly report", "reports:read")
	b.press("main a.button")
	o := tour{tab: b, used: b.where()}
	b.createKey("Mailer of invoices & reminders, <prod>", "profile", "reports:read")
	b.createKey("A title without a space: "+longWord, "profile")
	b.press("main a.button")
	b.revoke("the contract ended; whoever needs it again can ask for another one")
	o.over = b.where()
	return o
}

const longWord = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"

// stop is one page of the tour, and how to get there.
var stops = []struct {
	name string
	walk func(o tour)
}{
	{"keys", func(o tour) { o.open("/console/keys") }},
	{"keys-none-found", func(o tour) { o.open("/console/keys?q=" + longWord + longWord) }},
	{"keys-bad-search", func(o tour) { o.open("/console/keys?q=" + longWord + longWord + longWord) }},
	{"key", func(o tour) { o.open(o.used); o.openAll() }},
	{"key-revoked", func(o tour) { o.open(o.over); o.openAll() }},
	{"key-mistake", func(o tour) {
		o.open(o.used)
		o.click("details:has(form[action$='/rename']) summary")
		o.fill("#title", " ")
		o.press("form[action$='/rename'] button")
	}},
	{"new-key", func(o tour) {
		o.open("/console/keys/new")
		o.do("date", chromedp.SetValue(chromedp.CSS("#expiry"), "date"))
	}},
	{"new-key-mistakes", func(o tour) {
		o.open("/console/keys/new")
		o.do("date", chromedp.SetValue(chromedp.CSS("#expiry"), "date"))
		if got := o.press("#create"); got != http.StatusUnprocessableEntity {
			o.Errorf("mistakes: %d", got)
		}
	}},
	{"created-key", func(o tour) {
		o.createKey("Backup", "reports:read")
		eval[string](o.tab, `document.querySelector("#secret").textContent = `+quote(fakeSecret))
	}},
	{"created-key-again", func(o tour) {
		if got := o.leave("reload", chromedp.Reload()); got != http.StatusConflict {
			o.Errorf("a new key, reloaded: %d", got)
		}
	}},
	{"sessions", func(o tour) { o.open("/console/sessions"); o.openAll() }},
	{"no-page", func(o tour) {
		if got := o.open("/console/nothing"); got != http.StatusNotFound {
			o.Errorf("no page: %d", got)
		}
	}},
}

// fakeSecret is shown in screenshots where a key would be.
const fakeSecret = "sk_exampleexampleexample0_this0is0no0key0it0is0only0here0for0a0picture0of0the0page000"

// openAll opens what can be opened on a page.
func (o tour) openAll() {
	o.Helper()
	eval[int](o.tab, `[...document.querySelectorAll("details")].map(d => d.open = true).length`)
}

// each walks to all pages and has look look at each.
func (o tour) each(look func(t *tab, name string)) {
	for _, stop := range stops {
		stop.walk(o)
		look(o.tab, stop.name)
	}
}
