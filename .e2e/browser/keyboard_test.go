package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses the Tab key until what the selector names has the focus, and fails unless each stop on the way can be seen.
func (b *tab) tabTo(selector string) {
	b.Helper()
	for range 40 {
		b.do("tab", chromedp.KeyEvent(kb.Tab))
		if unseen := eval[string](b, unseenFocus); unseen != "" {
			b.Errorf("%s: no focus is to be seen on %s", b.where(), unseen)
		}
		if eval[bool](b, `document.activeElement.matches(`+quote(selector)+`)`) {
			return
		}
	}
	b.Fatalf("%s: Tab does not lead to %s", b.where(), selector)
}

// unseenFocus is what has the focus without an outline, or without being in the window.
const unseenFocus = `(() => {
	const e = document.activeElement;
	if (e === document.body) return "";
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
	const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
	return outlined && inside ? "" : e.outerHTML.slice(0, 200);
})()`

// A key can be made, copied and revoked without a mouse.
func TestKeyboard(t *testing.T) {
	q := startQuickstart(t)
	b := q.login(t, 1280)
	b.open("/console/keys")
	b.tabTo("a.skip")
	b.tabTo("a[href='/console/keys/new']")
	b.leave("Enter", chromedp.KeyEvent(kb.Enter))
	b.tabTo("#title")
	b.do("type", chromedp.KeyEvent("by keyboard"))
	b.tabTo("#kind")
	b.tabTo("input[value='reports:read']")
	b.do("check", chromedp.KeyEvent(" "))
	b.tabTo("#expiry")
	b.tabTo("#create")
	expect(t, "created", b.leave("Enter", chromedp.KeyEvent(kb.Enter)), http.StatusCreated)
	key := eval[string](b, `document.querySelector("#secret").value`)
	expect(t, "new", q.use(t, key), http.StatusOK)
	b.tabTo("#secret")
	b.tabTo("button[data-copies]")
	b.tabTo("main a.button")
	b.leave("Enter", chromedp.KeyEvent(kb.Enter))
	b.tabTo("details:has(form[action$='/revoke']) summary")
	b.do("open", chromedp.KeyEvent(kb.Enter))
	b.tabTo("form[action$='/revoke'] button")
	b.leave("Enter", chromedp.KeyEvent(kb.Enter))
	b.want("The key was revoked.")
	expect(t, "revoked", q.use(t, key), http.StatusUnauthorized)
}

// The skip link leads past the navigation.
func TestSkip(t *testing.T) {
	b := startQuickstart(t).login(t, 1280)
	b.open("/console/keys")
	b.tabTo("a.skip")
	b.do("Enter", chromedp.KeyEvent(kb.Enter))
	b.tabTo("main *")
	expect(t, "first in main", eval[string](b, `document.activeElement.textContent`), "Create key")
}

// Mistakes have the focus when the page with them is there, with scripts and without.
func TestMistakesHaveFocus(t *testing.T) {
	b := startQuickstart(t).login(t, 1280)
	for _, scripts := range []bool{true, false} {
		b.scripts(scripts)
		b.open("/console/keys/new")
		b.press("#create")
		b.await(`document.activeElement.matches("[role=alert]")`)
		b.tabTo("[role=alert] a")
		b.click("[role=alert] a") // Enter would be typed into the field as well, as this driver sends it
		b.await(`document.activeElement.matches("#title")`)
	}
}
