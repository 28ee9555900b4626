package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// createKey makes a key in the console and returns its text. The tab then shows the page with it.
func (b *tab) createKey(title string, scopes ...string) string {
	b.Helper()
	b.open("/console/keys")
	b.press("a[href='/console/keys/new']")
	b.fill("#title", title)
	for _, scope := range scopes {
		b.click("input[name=scopes][value='" + scope + "']")
	}
	if got := b.press("#create"); got != http.StatusCreated {
		b.Fatalf("creating a key: %d", got)
	}
	b.want("Copy the key now")
	return eval[string](b, `document.querySelector("#secret").value`)
}

// revoke ends the key whose page the tab shows.
func (b *tab) revoke(reason string) {
	b.Helper()
	b.click("details:has(form[action$='/revoke']) summary")
	b.fill("#reason", reason)
	b.press("form[action$='/revoke'] button")
	b.want("The key was revoked.")
}

// use asks for the reports with a key and returns the status.
func (q quickstart) use(t *testing.T, key string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, q.url+"/reports", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// A key works from when it was made in the console to when it was revoked there, with scripts and without.
func TestKeyLife(t *testing.T) {
	q := startQuickstart(t)
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t, q.url, 1280)
			b.scripts(scripts)
			b.open("/")
			b.logIn()
			b.press("a[href='/console/']")
			expect(t, "at", b.where(), "/console/keys")
			key := b.createKey("made "+name, "reports:read")
			expect(t, "address", strings.Contains(b.where(), key), false)
			expect(t, "copy button", eval[bool](b, `document.querySelector("button[data-copies]").checkVisibility()`), scripts)
			expect(t, "new", q.use(t, key), http.StatusOK)
			b.press("main a.button")
			b.want("made " + name)
			b.click("details:has(form[action$='/disable']) summary")
			b.press("form[action$='/disable'] button")
			b.want("The key was disabled.")
			expect(t, "disabled", q.use(t, key), http.StatusUnauthorized)
			b.click("details:has(form[action$='/enable']) summary")
			b.press("form[action$='/enable'] button")
			expect(t, "enabled", q.use(t, key), http.StatusOK)
			b.revoke("the test is over")
			expect(t, "revoked", q.use(t, key), http.StatusUnauthorized)
			b.want("the test is over")
			b.click("details:has(form[action$='/delete']) summary")
			b.press("form[action$='/delete'] button")
			b.want("The key was deleted.")
		})
	}
}

// The page with a new key can be reloaded, which sends the form again: that makes no second key.
func TestReload(t *testing.T) {
	q := startQuickstart(t)
	b := q.login(t, 1280)
	key := b.createKey("only one", "reports:read")
	expect(t, "reloaded", b.leave("reload", chromedp.Reload()), http.StatusConflict)
	b.want("Is this a second one?")
	expect(t, "the key is shown", strings.Contains(eval[string](b, `document.documentElement.outerHTML`), key), false)
	b.open("/console/keys?q=only")
	expect(t, "keys", eval[int](b, `document.querySelectorAll("tbody tr").length`), 1)
}

func TestCopy(t *testing.T) {
	q := startQuickstart(t)
	b := q.login(t, 1280)
	key := b.createKey("to copy", "reports:read")
	b.click("button[data-copies]")
	b.await(`document.querySelector("#secret-says").textContent === "Copied."`)
	b.press("main a.button")
	b.click("details:has(form[action$='/rename']) summary")
	b.do("paste", chromedp.Steps(chromedp.Clear(chromedp.CSS("#title")), chromedp.Focus(chromedp.CSS("#title"))))
	b.do("paste", paste)
	expect(t, "pasted", eval[string](b, `document.querySelector("#title").value`), key)
}

// A session that is ended at one device is over at the other with its next request.
func TestEndOther(t *testing.T) {
	q := startQuickstart(t)
	first, second := q.login(t, 1280), q.login(t, 1280)
	expect(t, "before", first.open("/me"), http.StatusOK)
	second.open("/console/sessions")
	second.want("2 sessions")
	second.press("tr:not(:has(.badge)) form[action$='/end'] button")
	second.want("The session was ended.")
	second.want("1 session")
	expect(t, "the other", first.open("/me"), http.StatusUnauthorized)
	expect(t, "this one", second.open("/me"), http.StatusOK)
	third := q.login(t, 1280)
	second.open("/console/sessions")
	second.click("details:has(form[action$='/end-all']) summary")
	second.press("form[action$='/end-all'] button")
	expect(t, "after all ended, at", second.where(), "/")
	second.want("Log in")
	expect(t, "this one", second.open("/me"), http.StatusUnauthorized)
	expect(t, "the third", third.open("/me"), http.StatusUnauthorized)
}
