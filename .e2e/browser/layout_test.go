package browser_test

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// No page is wider than a narrow window, and nothing on it sticks out: 320 pixels is what WCAG 2.2 wants, and 768 is where
// rows stop being cards.
func TestNarrow(t *testing.T) {
	for _, width := range []int64{320, 768} {
		newTour(t, startQuickstart(t), width).each(func(b *tab, name string) {
			expect(t, name+": width", eval[int64](b, `document.documentElement.scrollWidth`), width)
			expect(t, name+": sticks out", eval[string](b, sticksOut), "")
		})
	}
}

// Where colours are forced, the navigation still shows which page this is.
func TestForcedColours(t *testing.T) {
	b := startQuickstart(t).login(t, 1280)
	b.open("/console/keys")
	b.emulate("forced colours", &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	expect(t, "underlined", eval[string](b, `[...document.querySelectorAll("nav a")].filter(a =>
		getComputedStyle(a).borderBottomColor !== getComputedStyle(document.body).backgroundColor).map(a => a.textContent).join()`), "API keys")
}

// sticksOut is what reaches beyond the window, but for what is there for screen readers only.
const sticksOut = `[...document.body.querySelectorAll("*")].filter(e => {
	const box = e.getBoundingClientRect();
	return e.checkVisibility() && !e.closest(".hidden-text, thead, .skip, option") && box.width > 0 && (box.right > innerWidth + .5 || box.left < -.5);
}).map(e => e.outerHTML.slice(0, 100)).join("\n")`

// Text can be read against what is behind it, in both schemes: WCAG 2.2 wants a contrast of 4.5, AA.
func TestContrast(t *testing.T) {
	o := newTour(t, startQuickstart(t), 1280)
	for _, scheme := range []string{"light", "dark"} {
		o.scheme(scheme)
		seen := 0
		o.each(func(b *tab, name string) {
			expect(t, name+": scheme", eval[bool](b, `matchMedia("(prefers-color-scheme: `+scheme+`)").matches`), true)
			found := eval[contrasts](b, contrast)
			seen += found.Seen
			if len(found.Low) > 0 {
				t.Errorf("%s, %s: low contrast: %q", name, scheme, found.Low)
			}
		})
		if seen < 300 {
			t.Errorf("%s: only %d texts were looked at", scheme, seen)
		}
	}
}

// contrasts are how many texts a page shows, and those of them that are hard to read.
type contrasts struct {
	Seen int
	Low  []string
}

// contrast computes the contrast of each text as WCAG 2.2 defines it. Backgrounds that let something through are laid over
// what is behind them.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = color => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
	const behind = e => {
		if (!e) return [255, 255, 255];
		const color = rgba(getComputedStyle(e).backgroundColor);
		return color[3] === 1 ? color.slice(0, 3) : over(color, behind(e.parentElement));
	};
	const luminance = color => {
		const [r, g, b] = color.map(c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	const owners = new Set(document.querySelectorAll("input:not([type=hidden]), textarea, select"));
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) if (walker.currentNode.data.trim()) owners.add(walker.currentNode.parentElement);
	const low = [];
	let seen = 0;
	for (const e of owners) {
		if (!e.checkVisibility() || e.matches("option")) continue;
		for (const pseudo of ["", "::before"]) {
			const style = getComputedStyle(e, pseudo || null);
			if (pseudo && style.content === "none") continue;
			const below = behind(e);
			const r = ratio(luminance(over(rgba(style.color), below)), luminance(below));
			seen++;
			if (r < 4.5) low.push(r.toFixed(2) + " " + e.outerHTML.slice(0, 120));
		}
	}
	return {Seen: seen, Low: low};
})()`

// What can be filled in or pressed has a name that is said aloud.
func TestNames(t *testing.T) {
	newTour(t, startQuickstart(t), 1280).each(func(b *tab, name string) {
		for _, e := range eval[[]string](b, nameless) {
			t.Errorf("%s: without a name: %s", name, e)
		}
		targets := eval[[]float64](b, `[...document.querySelectorAll("button, .button, input[type=checkbox], input[type=radio], select")]
			.filter(e => e.checkVisibility()).map(e => (e.closest("label") ?? e).getBoundingClientRect().height)`)
		if len(targets) > 0 && slices.Min(targets) < 24 {
			t.Errorf("%s: something to press is %v pixels high, less than 24", name, slices.Min(targets))
		}
	})
}

const nameless = `[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, summary, nav, fieldset, table")].filter(e => {
	const labels = [...e.labels ?? []].map(l => l.textContent).join(" ");
	const by = (e.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent ?? "").join(" ");
	const own = e.matches("button, a, summary") ? e.textContent : e.matches("fieldset") ? e.querySelector("legend")?.textContent :
		e.matches("table") ? e.caption?.textContent : "";
	return !(labels + by + (e.getAttribute("aria-label") ?? "") + (own ?? "")).trim();
}).map(e => e.outerHTML.slice(0, 200))`
